"""Several nodes on one machine: each its own network, with the one engine."""

from __future__ import annotations

from tests.support.lab import NODES, Lab


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
