"""externalTrafficPolicy as the tutorial draws it: one pod on node1, two on node2, none on node3."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.echoes import asked, echo, service, wait_led
from tests.support.lab import CLIENT_ADDRESS, NODES, Lab

PODS = {"policy-1": "node1", "policy-2a": "node2", "policy-2b": "node2"}
ASKED = 40
BLOCKED = 2.0
"""Seconds after which nothing comes any more: what is let through takes milliseconds."""
CLUSTER_PORT, LOCAL_PORT = 32301, 32302


@pytest.fixture(scope="module")
def policies(lab: Lab) -> Iterator[Lab]:
    lab.apply(
        *(echo(name, node, "policy") for name, node in PODS.items()),
        service("policy-cluster", "policy", type="NodePort", node_port=CLUSTER_PORT),
        service("policy-local", "policy", type="NodePort", node_port=LOCAL_PORT,
                externalTrafficPolicy="Local"),
    )  # fmt: skip
    lab.cluster.ready_pods(len(PODS), "app=policy")
    wait_led(lab, CLUSTER_PORT, PODS, *NODES)
    for node in set(PODS.values()):
        wait_led(lab, LOCAL_PORT, [pod for pod, home in PODS.items() if home == node], node)
    yield lab
    lab.cluster.kubectl("delete", "svc/policy-cluster", "svc/policy-local").ok()
    lab.cluster.kubectl("delete", "pod", "-l", "app=policy", "--now").ok()


def picture(lab: Lab, port: int, protocol: str) -> dict[str, dict[str, set[str]]]:
    """For each node asked from outside: the pods that answered, and what clients they saw."""
    drawn: dict[str, dict[str, set[str]]] = {}
    for node in NODES:
        seen: dict[str, set[str]] = {}
        for _ in range(ASKED):
            try:
                answer = asked(lab, lab.client, lab.address(node), port, protocol, BLOCKED)
            except TimeoutError:
                break
            seen.setdefault(answer.pod, set()).add(answer.client)
        drawn[node] = seen
    return drawn


@pytest.mark.parametrize("protocol", ["TCP", "UDP"])
def test_with_policy_cluster_every_node_leads_to_every_pod_and_others_see_the_node(
    policies: Lab, protocol: str
) -> None:
    """A pod of the node asked sees the client itself: nothing has to come back by a detour."""
    assert picture(policies, CLUSTER_PORT, protocol) == {
        asked_node: {
            pod: {CLIENT_ADDRESS if home == asked_node else policies.address(asked_node)}
            for pod, home in PODS.items()
        }
        for asked_node in NODES
    }


@pytest.mark.parametrize("protocol", ["TCP", "UDP"])
def test_with_policy_local_nodes_lead_to_their_own_pods_alone_which_see_the_client(
    policies: Lab, protocol: str
) -> None:
    assert picture(policies, LOCAL_PORT, protocol) == {
        "node1": {"policy-1": {CLIENT_ADDRESS}},
        "node2": {"policy-2a": {CLIENT_ADDRESS}, "policy-2b": {CLIENT_ADDRESS}},
        "node3": {},
    }


def test_with_policy_local_every_node_serves_itself_and_the_clusters_pods(policies: Lab) -> None:
    for node in NODES:
        assert asked(policies, node, policies.address(node), LOCAL_PORT).pod in PODS
        assert asked(policies, policies.pod("policy-1"), policies.address(node), LOCAL_PORT)
