"""Settings come from option, environment, the cluster's own memory, defaults: in that order."""

from __future__ import annotations

from pathlib import Path

import pytest

from minikube8s.cluster.config import Home, LabNode, Settings
from minikube8s.cluster.errors import ClusterError
from minikube8s.cluster.resolving import resolve


def test_an_option_beats_the_environment_which_beats_the_default(tmp_path: Path) -> None:
    home = Home(tmp_path)
    settings = resolve(home, {"api_port": 7000}, {"MK8S_API_PORT": "8000", "MK8S_NAME": "lab"})
    assert (settings.api_port, settings.name, settings.agent_port) == (7000, "lab", 6444)


def test_what_a_cluster_was_created_with_is_remembered(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.save(Settings(node_name="n1", api_port=7001, pod_cidr="10.9.0.0/16"))
    settings = resolve(home, {}, {})
    assert (settings.api_port, settings.pod_cidr) == (7001, "10.9.0.0/16")
    assert resolve(home, {"api_port": 7002}, {}).api_port == 7002


def test_a_cluster_that_was_made_before_listens_where_it_did(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.settings.write_text('{"node_name": "n1", "bind": "10.0.0.5"}')
    assert home.load().listen == "10.0.0.5"
    home.save(home.load())
    assert home.load().listen == "10.0.0.5"


def test_the_remembered_settings_are_readable_for_their_owner_alone(tmp_path: Path) -> None:
    home = Home(tmp_path / "new")
    home.save(Settings(node_name="n1"))
    assert home.settings.stat().st_mode & 0o077 == 0
    assert home.path.stat().st_mode & 0o077 == 0


def test_a_network_of_a_cluster_that_exists_cannot_change(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.save(Settings(node_name="n1"))
    with pytest.raises(ClusterError, match=r"created with pod cidr 10\.244\.0\.0/16"):
        resolve(home, {"pod_cidr": "10.9.0.0/16"}, {})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"pod_cidr": "10.0.0.0/8", "service_cidr": "10.96.0.0/12"}, "overlap"),
        ({"pod_cidr": "10.244.0.1/16"}, "not an IPv4 network"),
        ({"pod_cidr": "10.244.0.0/28"}, "too small"),
        ({"service_cidr": "fd00::/108"}, "not an IPv4 network"),
        ({"pod_cidr": "10.244.0.0/16,fd00::/56"}, "must be of the same families"),
        ({"pod_cidr": "10.1.0.0/16,10.2.0.0/16"}, "not an IPv6 network"),
        (
            {"pod_cidr": "10.244.0.0/16,fd00::/56", "service_cidr": "10.96.0.0/12,fd00::/112"},
            "overlap",
        ),
        ({"api_port": "http"}, "not a port number"),
        ({"api_port": 70000}, "not a port number"),
        ({"api_port": 6444}, "must differ"),
        ({"node_ports": "1-0"}, "FIRST-LAST"),
        ({"node_ports": "30000"}, "FIRST-LAST"),
        ({"load_balancer_pool": "10.0.0.9-10.0.0.1"}, "ends before it begins"),
        ({"load_balancer_pool": "10.244.3.0/24"}, "the pod network 10.244.0.0/16 overlap"),
        ({"name": "Mine!"}, "cluster name"),
        ({"node_name": "UPPER"}, "node name"),
        ({"node_grace": 3}, "--node-grace: 3 is not a time in seconds from 4 to 3600"),
        ({"node_grace": "40s"}, "not a time in seconds"),
        ({"listen": "localhost"}, "not an IPv4 address"),
    ],
)
def test_a_setting_that_cannot_work_is_refused_in_words(
    tmp_path: Path, options: dict[str, str | int | None], message: str
) -> None:
    with pytest.raises(ClusterError, match=message):
        resolve(Home(tmp_path), options, {})


def test_a_damaged_settings_file_is_told_with_the_way_out(tmp_path: Path) -> None:
    (tmp_path / "settings.json").write_text("{")
    with pytest.raises(ClusterError, match="mk8s down --purge"):
        Home(tmp_path).load()


def test_no_cluster_is_told_with_the_way_in(tmp_path: Path) -> None:
    with pytest.raises(ClusterError, match="mk8s up"):
        Home(tmp_path).load()


def test_a_master_with_lab_nodes_listens_on_the_labs_bridge_too() -> None:
    node = LabNode("node2", "192.168.123.2")
    assert Settings(node_name="n1").listening == ("127.0.0.1",)
    assert Settings(lab=True, lab_nodes=(node,)).listening == ("127.0.0.1", "192.168.123.1")
    assert Settings(lab=True, lab_nodes=(node,), listen="192.168.123.1").listening == (
        "192.168.123.1",
    )
    assert Settings(lab=True, lab_nodes=(node,), listen="0.0.0.0").listening == ("0.0.0.0",)
