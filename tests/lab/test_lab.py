"""Several nodes on one machine: each its own network, with the one engine."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.support import manifests
from tests.support.lab import NODES, Lab, pinned
from tests.support.wait import until

UPLINK, BEYOND = "192.0.2.1", "192.0.2.2"
WHO_ASKS = (
    "import socket\n"
    "s = socket.create_server(('0.0.0.0', 8000))\n"
    "while True:\n"
    "    c, peer = s.accept()\n"
    "    c.sendall(peer[0].encode())\n"
    "    c.close()\n"
)


@pytest.fixture(scope="module")
def pods(lab: Lab) -> Iterator[dict[str, str]]:
    """The address of a pod on each node, by the node's name; the pods are called lab-NODE."""
    objects = [pinned(manifests.pod(f"lab-{node}", labels={"app": "lab"}), node) for node in NODES]
    lab.apply(*objects)
    found = lab.cluster.ready_pods(len(NODES), "app=lab")
    yield {pod["spec"]["nodeName"]: pod["status"]["podIP"] for pod in found}
    lab.cluster.kubectl("delete", "pod", "-l", "app=lab", "--now").ok()


@pytest.fixture
def beyond() -> Iterator[None]:
    """A machine beyond the first node's uplink, which tells who asks; it knows no way back."""
    ip("netns add lab-beyond")
    server: subprocess.Popen[bytes] | None = None
    try:
        ip("link add lab-uplink type veth peer name eth0 netns lab-beyond")
        ip(f"address add {UPLINK}/30 dev lab-uplink")
        ip("link set lab-uplink up")
        ip(f"-n lab-beyond address add {BEYOND}/30 dev eth0")
        ip("-n lab-beyond link set eth0 up")
        server = subprocess.Popen(
            ["ip", "netns", "exec", "lab-beyond", sys.executable, "-c", WHO_ASKS]
        )
        yield
    finally:
        if server is not None:
            server.kill()
            server.wait()
        subprocess.run(["ip", "link", "delete", "lab-uplink"], check=False)
        ip("netns delete lab-beyond")


def ip(command: str) -> None:
    subprocess.run(["ip", *command.split()], check=True, timeout=10)


def test_every_node_is_ready_with_an_address_of_its_own(lab: Lab) -> None:
    nodes = {node["metadata"]["name"]: node for node in lab.cluster.get("nodes")["items"]}
    assert tuple(sorted(nodes)) == NODES
    for name, node in nodes.items():
        addresses = {a["type"]: a["address"] for a in node["status"]["addresses"]}
        assert addresses["InternalIP"] == lab.address(name)
    roles = [
        name
        for name, node in nodes.items()
        if "node-role.kubernetes.io/control-plane" in node["metadata"]["labels"]
    ]
    assert roles == ["node1"]


def test_status_lists_every_agent(lab: Lab) -> None:
    assert set(lab.cluster.daemons()) == {"master", "agent", "agent-node2", "agent-node3"}
    assert lab.cluster.mk8s("status").code == 0


def test_each_node_has_pods_of_its_own_subnet(lab: Lab, pods: dict[str, str]) -> None:
    ranges = {
        node["metadata"]["name"]: node["spec"]["podCIDR"].rpartition(".")[0]
        for node in lab.cluster.get("nodes")["items"]
    }
    assert {node: address.rpartition(".")[0] for node, address in pods.items()} == ranges
    assert len(set(ranges.values())) == len(NODES)


@pytest.mark.parametrize("node", NODES)
def test_a_pod_in_its_nodes_network_has_the_nodes_address(lab: Lab, node: str) -> None:
    name = f"lab-host-{node}"
    lab.apply(pinned(manifests.pod(name, labels={"app": name}, hostNetwork=True), node))
    [pod] = lab.cluster.ready_pods(1, f"app={name}")
    assert pod["status"]["podIP"] == pod["status"]["hostIP"] == lab.address(node)
    seen = lab.in_pod(name, "ip", "-4", "address")
    assert f"inet {lab.address(node)}/24" in seen
    others = [f"inet {lab.address(other)}/" for other in NODES if other != node]
    assert not any(address in seen for address in others)
    lab.cluster.kubectl("delete", "pod", name, "--now").ok()


def test_pods_of_nodes_go_out_through_the_machine(
    lab: Lab, pods: dict[str, str], beyond: None
) -> None:
    for place in ("node2", "node1"):
        answer = until("who asks", lambda place=place: lab.ask(place, BEYOND, 8000))
        assert answer == UPLINK
    for node in NODES:
        assert lab.in_pod(f"lab-{node}", "nc", BEYOND, "8000") == UPLINK


def test_a_lab_shell_is_in_the_nodes_network_and_passes_the_exit_code_on(lab: Lab) -> None:
    def addresses(node: str) -> set[str]:
        shown = lab.cluster.mk8s("lab", "shell", node, "--", "ip", "-j", "-4", "address").ok()
        return {each["local"] for link in json.loads(shown) for each in link["addr_info"]}

    assert lab.address("node2") in addresses("node2") - addresses("node1")
    assert lab.address("node1") in addresses("node1") - addresses("node2")
    assert lab.cluster.mk8s("lab", "shell", "node3", "--", "sh", "-c", "exit 7").code == 7
    assert lab.cluster.mk8s("lab", "shell", "node3", "no-such-program").code == 127


def test_the_machines_own_node_can_be_neither_cut_nor_removed(lab: Lab) -> None:
    for words in (("lab", "cut", "node1"), ("node", "remove", "node1")):
        assert "node1 is this machine itself" in lab.cluster.mk8s(*words).fails()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("lab", "cut", "node9"), "no node node9 in this lab; it has node2, node3"),
        (("node", "remove", "node9"), "no node node9"),
        (("node", "add", "node2"), "node node2 already"),
        (("node", "add", "Up_per"), "lower-case letters"),
        (("up", "--nodes", "2"), "mk8s node remove NAME"),
        (("up", "--nodes", "none"), "not a number of nodes"),
        (("up", "--nodes", "250"), "no address left"),
        (("up", "--lab-cidr", "192.168.1.0/24"), "it cannot become"),
    ],
)
def test_what_cannot_be_done_to_a_lab_is_refused_in_words(
    lab: Lab, words: tuple[str, ...], said: str
) -> None:
    assert said in lab.cluster.mk8s(*words).fails()
    assert lab.cluster.mk8s("status").code == 0


def test_delay_and_loss_work_or_say_that_the_kernel_has_no_netem(lab: Lab) -> None:
    for words in (("delay", "node2", "20"), ("loss", "node2", "1")):
        done = lab.cluster.mk8s("lab", *words)
        if done.code:
            assert "netem" in done.fails()
        lab.cluster.mk8s("lab", words[0], "node2", "0").ok()
