"""Which nodes a lab has: names, addresses, how many, and what is refused."""

from __future__ import annotations

import json
from ipaddress import IPv4Address
from pathlib import Path

import msgspec
import pytest

from minikube8s.cluster import lab, layout
from minikube8s.cluster.config import Home, Settings
from minikube8s.cluster.errors import ClusterError

ONE = Settings(node_name="node1")


def many(total: int, settings: Settings = ONE) -> Settings:
    for _ in range(1, total):
        settings = lab.with_node(settings)
    return settings


def named(settings: Settings) -> dict[str, str]:
    return {node.name: node.address for node in settings.lab_nodes}


def test_a_new_cluster_of_several_nodes_names_them_one_after_the_other(tmp_path: Path) -> None:
    made = lab.settings_of_up(Home(tmp_path), {"nodes": "3"}, {})
    assert made.node_name == "node1"
    assert named(made) == {"node2": "192.168.123.2", "node3": "192.168.123.3"}
    assert made.lab_address == "192.168.123.1"


def test_a_new_cluster_of_one_node_has_the_machines_name_and_no_lab(tmp_path: Path) -> None:
    made = lab.settings_of_up(Home(tmp_path), {"nodes": None}, {lab.VARIABLE: "1"})
    assert made.node_name != "node1" and not made.lab and made.lab_address == ""


def test_a_name_that_is_given_is_kept(tmp_path: Path) -> None:
    made = lab.settings_of_up(Home(tmp_path), {}, {lab.VARIABLE: "2", "MK8S_NODE_NAME": "node2"})
    assert made.node_name == "node2" and list(named(made)) == ["node3"]


def test_a_cluster_that_exists_grows_and_is_remembered(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.save(many(3))
    assert lab.settings_of_up(home, {}, {}) == many(3)
    assert lab.settings_of_up(home, {"nodes": 5}, {}) == many(5)


def test_a_cluster_does_not_shrink_by_up(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.save(many(3))
    with pytest.raises(ClusterError, match="mk8s node remove NAME"):
        lab.settings_of_up(home, {"nodes": 2}, {})


def test_a_removed_nodes_name_and_address_are_the_next_ones() -> None:
    smaller = lab.without_node(many(4), "node3")
    assert list(named(smaller)) == ["node2", "node4"]
    assert named(lab.with_node(smaller))["node3"] == "192.168.123.3"
    assert named(lab.with_node(smaller, "other"))["other"] == "192.168.123.3"


def test_a_node_gets_no_address_that_is_for_load_balancers() -> None:
    pool = "192.168.123.2-192.168.123.3,192.168.123.5"
    chosen = msgspec.structs.replace(ONE, load_balancer_pool=pool)
    assert list(named(many(3, chosen)).values()) == ["192.168.123.4", "192.168.123.6"]


def test_a_lab_stays_a_lab_without_its_last_node() -> None:
    assert lab.without_node(many(2), "node2").lab_address == "192.168.123.1"


@pytest.mark.parametrize("name", ["Upper", "a_b", "-a", "a-", "x" * 64, "a/b", ".."])
def test_a_bad_name_is_refused(name: str) -> None:
    with pytest.raises(ClusterError, match="lower-case letters"):
        lab.with_node(ONE, name)


@pytest.mark.parametrize("given", ["0", "-1", "x", "1.5", "123456", "\u0663"])
def test_a_bad_number_of_nodes_is_refused(tmp_path: Path, given: str) -> None:
    with pytest.raises(ClusterError, match="not a number of nodes"):
        lab.settings_of_up(Home(tmp_path), {"nodes": given}, {})


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (Settings(lab_cidr="192.168.123.1/24"), "not an IPv4 network"),
        (Settings(lab_cidr="fd00::/64"), "not an IPv4 network"),
        (Settings(lab_cidr="192.168.123.0/29"), "/16 to /28"),
        (Settings(lab_cidr="10.0.0.0/8"), "/16 to /28"),
        (Settings(lab_cidr="10.244.9.0/24"), "pod network 10.244.0.0/16 overlap"),
        (Settings(lab_cidr="10.100.0.0/16"), "service network 10.96.0.0/12 overlap"),
        (Settings(docker_host="tcp://127.0.0.1:2375"), "name a socket"),
        (Settings(pod_cidr="10.244.0.0/24"), "enough for 1 nodes"),
    ],
)
def test_what_no_lab_can_be_made_with_is_refused(settings: Settings, said: str) -> None:
    with pytest.raises(ClusterError, match=said):
        lab.with_node(settings)


def test_a_full_network_is_refused_with_the_ways_out() -> None:
    full = many(1 + 198)
    assert full.lab_nodes[-1].address == "192.168.123.199"
    with pytest.raises(ClusterError, match=r"no address left.*node remove.*--lab-cidr"):
        lab.with_node(full)


@pytest.mark.parametrize(
    ("subnet", "pool"),
    [
        ("192.168.123.0/24", "192.168.123.200-192.168.123.250"),
        ("10.9.0.0/16", "10.9.200.0-10.9.250.0"),
        ("10.9.0.0/28", "10.9.0.12-10.9.0.14"),
    ],
)
def test_nodes_and_load_balancers_share_a_labs_network(subnet: str, pool: str) -> None:
    assert lab.pool(subnet) == pool
    last = pool.partition("-")[0]
    small = Settings(lab_cidr=subnet, node_name="node1")
    assert IPv4Address(named(lab.with_node(small))["node2"]) < IPv4Address(last)


def test_the_files_tell_each_agent_its_own_network_and_the_first_ones_nothing_new(
    tmp_path: Path,
) -> None:
    home = Home(tmp_path)
    layout.write_configuration(home, many(2))
    first = json.loads(layout.agent_config(home).read_text())
    other = json.loads(layout.agent_config(home, "node2").read_text())
    assert first["node_ip"] == "192.168.123.1" and first["lab_cidr"] == "192.168.123.0/24"
    assert first["master"] == "127.0.0.1:6444" and "network_namespace" not in first
    assert other["node_ip"] == "192.168.123.2" and other["master"] == "192.168.123.1:6444"
    assert other["network_namespace"] == "/run/netns/mk8s-node2" and "lab_cidr" not in other
    assert other["state_dir"] != first["state_dir"]
    assert json.loads(home.lab.read_text())["nodes"] == [
        {"name": "node2", "address": "192.168.123.2"}
    ]
