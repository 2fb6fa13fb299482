"""NetworkPolicies on three nodes: who reaches whom, by real pods and kubectl."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support import manifests
from tests.support.lab import CLIENT_ADDRESS, SUBNET, Lab, pinned
from tests.support.wait import until

HOME, AWAY = "policed", "policed-away"
"""Namespaces: the server's, and another one."""
BLOCKED = 0.4
"""Seconds after which nothing comes any more: what is let through takes milliseconds."""
WEB = {"podSelector": {"matchLabels": {"app": "policed-web"}}}


class Street:
    """A server on node2, and callers on every node: a friend, a stranger, and a guest from away."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        listed = lab.cluster.get("pods", "-A", "-l", "street=policed")["items"]
        self.addresses = {pod["metadata"]["name"]: pod["status"]["podIP"] for pod in listed}
        self.address = self.addresses["web"]
        self.service = lab.cluster.get("service", "web", "-n", HOME)["spec"]

    def policy(self, name: str = "p", **spec: Any) -> None:
        body = {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "NetworkPolicy",
            "metadata": {"name": name, "namespace": HOME},
            "spec": {**WEB, **spec},
        }
        self.lab.apply(body)

    def reaches(self, caller: str, address: str, port: int = 80) -> bool:
        """Whether a connection from the caller's pod is answered, and not just dropped."""
        network = self.lab.pod(caller, AWAY if caller == "guest" else HOME)
        with self.lab.on(network):
            try:
                socket.create_connection((address, port), BLOCKED).close()
            except TimeoutError:
                return False
        return True

    def callers(self) -> set[str]:
        """Who reaches the server, of those in pods."""
        every = ("friend", "stranger", "guest")
        return {caller for caller in every if self.reaches(caller, self.address)}

    def become(self, *callers: str) -> None:
        until(f"only {callers} reach the server", lambda: self.callers() == set(callers))


def _pod(name: str, namespace: str, node: str, image: str, **labels: str) -> dict[str, Any]:
    if image == "nginx":
        ports = [{"name": "http", "containerPort": 80}]
        main = manifests.container(image=image, ports=ports)
    else:
        main = manifests.container(*manifests.SLEEP)
    made = manifests.pod(name, main, labels={"street": "policed", **labels})
    made["metadata"]["namespace"] = namespace
    return pinned(made, node)


@pytest.fixture(scope="module")
def built(lab: Lab) -> Iterator[Street]:
    namespaces = [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}
        for name, labels in ((HOME, {"at": "home"}), (AWAY, {"at": "away"}))
    ]
    lab.apply(*namespaces)
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "web", "namespace": HOME},
        "spec": {
            "type": "NodePort",
            "externalTrafficPolicy": "Local",
            "selector": {"app": "policed-web"},
            "ports": [{"port": 8080, "targetPort": "http"}],
        },
    }
    lab.apply(
        service,
        _pod("web", HOME, "node2", "nginx", app="policed-web"),
        _pod("friend", HOME, "node1", "busybox", role="friend"),
        _pod("stranger", HOME, "node2", "busybox"),
        _pod("guest", AWAY, "node3", "nginx"),
    )
    wait = ("wait", "--for=condition=Ready", "pod", "-l", "street=policed", "--timeout=60s")
    for name in (HOME, AWAY):
        lab.cluster.kubectl(*wait, "-n", name).ok()
    yield Street(lab)
    lab.cluster.kubectl("delete", "namespace", HOME, AWAY, "--wait=false").ok()


@pytest.fixture
def street(built: Street) -> Iterator[Street]:
    """Each test's policies go when it is over."""
    yield built
    built.lab.cluster.kubectl("delete", "networkpolicy", "--all", "-n", HOME).ok()


def test_default_deny_is_lifted_by_what_others_allow_and_by_its_end(street: Street) -> None:
    street.become("friend", "stranger", "guest")
    street.policy("deny", podSelector={}, policyTypes=["Ingress"])
    street.become()
    assert "200 OK" in street.lab.fetch("node2", street.address)
    friend = {"podSelector": {"matchLabels": {"role": "friend"}}}
    street.policy("friends", ingress=[{"from": [friend]}])
    street.become("friend")
    away = {"namespaceSelector": {"matchLabels": {"at": "away"}}}
    street.policy("friends", ingress=[{"from": [friend, away]}])
    street.become("friend", "guest")
    street.lab.cluster.kubectl("delete", "networkpolicy", "--all", "-n", HOME).ok()
    street.become("friend", "stranger", "guest")


@pytest.mark.parametrize(
    ("ports", "open"),
    [
        ([{"port": "http"}], True),
        ([{"port": 70, "endPort": 90}], True),
        ([{"port": 81, "endPort": 90}], False),
        ([{"port": 80, "protocol": "UDP"}], False),
    ],
)
def test_ports_are_named_or_in_a_range(street: Street, ports: Any, open: bool) -> None:
    street.policy(ingress=[{"from": [{"podSelector": {}}], "ports": ports}])
    street.become(*(("friend", "stranger") if open else ()))


def test_an_address_from_outside_may_be_excepted_from_a_block(street: Street) -> None:
    lab, port = street.lab, street.service["ports"][0]["nodePort"]

    def answered() -> bool:
        try:
            return "200 OK" in lab.fetch(lab.client, lab.address("node2"), port)
        except TimeoutError:
            return False

    until("an answer without policies", answered)
    block = {"cidr": SUBNET, "except": [f"{CLIENT_ADDRESS}/32"]}
    street.policy(ingress=[{"from": [{"ipBlock": block}]}])
    until("silence", lambda: not answered())
    street.policy(ingress=[{"from": [{"ipBlock": {"cidr": SUBNET}}]}])
    until("an answer", answered)


def test_what_a_pod_may_ask_is_judged_by_the_endpoint_that_it_reaches(street: Street) -> None:
    friend = {"matchLabels": {"role": "friend"}}
    cluster_ip = street.service["clusterIP"]
    rule = {"to": [WEB], "ports": [{"port": "http"}]}
    street.policy("out", podSelector=friend, policyTypes=["Egress"], egress=[rule])
    guest = street.addresses["guest"]
    until("no way to others", lambda: not street.reaches("friend", guest))
    assert street.reaches("friend", cluster_ip, 8080)
    assert street.reaches("friend", street.address)
    street.policy("out", podSelector=friend, policyTypes=["Egress"])
    until("no way to the server", lambda: not street.reaches("friend", cluster_ip, 8080))
    assert street.reaches("stranger", guest)


def test_a_new_pod_is_known_on_every_node_and_isolated_where_it_is(street: Street) -> None:
    late = {"matchLabels": {"app": "late"}}
    street.policy("in", ingress=[{"from": [{"podSelector": late}]}])
    street.policy("late", podSelector=late, policyTypes=["Ingress"])
    street.become()
    street.lab.apply(_pod("late", HOME, "node3", "nginx", app="late"))
    wait = ("wait", "--for=condition=Ready", "pod/late", "-n", HOME, "--timeout=60s")
    street.lab.cluster.kubectl(*wait).ok()
    address = street.lab.cluster.get("pod", "late", "-n", HOME)["status"]["podIP"]
    assert not street.reaches("friend", address)
    until("the new peer", lambda: street.reaches("late", street.address))


def test_an_impossible_block_is_refused_by_its_field(street: Street) -> None:
    body = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "bad", "namespace": HOME},
        "spec": {**WEB, "ingress": [{"from": [{"ipBlock": {"cidr": "10.0.0.0/99"}}]}]},
    }
    text = manifests.text(body)
    told = street.lab.cluster.kubectl("apply", "-f", "-", input=text).fails()
    assert "spec.ingress[0].from[0].ipBlock.cidr" in told


def test_a_new_agent_keeps_pods_isolated(street: Street) -> None:
    """The rules stay while there is no agent, and the next one makes the same ones."""
    street.policy()
    street.become()
    street.lab.cluster.kill("agent-node2")
    assert street.callers() == set()
    street.lab.cluster.mk8s("up").ok()
    assert street.callers() == set()
    street.policy(ingress=[{}])
    street.become("friend", "stranger", "guest")
