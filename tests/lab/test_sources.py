"""Whom the other side sees: the pod itself within the cluster, the pod's node outside of it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from tests.support.echoes import PORT, asked, echo
from tests.support.lab import CLIENT_ADDRESS, NODES, Lab, Place

PODS = {f"sources-{node}": node for node in NODES}


@pytest.fixture(scope="module")
def addresses(lab: Lab) -> Iterator[dict[str, str]]:
    """A pod on each node, and their addresses."""
    lab.apply(*(echo(name, node, "sources") for name, node in PODS.items()))
    pods = lab.cluster.ready_pods(len(PODS), "app=sources")
    yield {one["metadata"]["name"]: one["status"]["podIP"] for one in pods}
    lab.cluster.kubectl("delete", "pod", "-l", "app=sources", "--now").ok()


@contextmanager
def listening(lab: Lab, place: Place, port: int) -> Iterator[None]:
    """A server there that tells each client its address."""
    with lab.on(place):
        listener = socket.create_server(("0.0.0.0", port))

    def serve() -> None:
        with suppress(OSError):
            while True:
                connection, peer = listener.accept()
                with connection:
                    connection.sendall(f"server {peer[0]}".encode())

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield
    finally:
        # a thread in accept() holds the socket open: only this wakes it
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


@pytest.mark.parametrize("protocol", ["TCP", "UDP"])
def test_pods_see_each_other_as_they_are_on_every_pair_of_nodes(
    lab: Lab, addresses: dict[str, str], protocol: str
) -> None:
    seen = {
        (one, other): asked(lab, lab.pod(one), addresses[other], PORT, protocol)
        for one in PODS
        for other in PODS
    }
    assert seen == {(one, other): (other, addresses[one]) for one, other in seen}


def test_nodes_see_pods_of_every_node_as_they_are(lab: Lab, addresses: dict[str, str]) -> None:
    for node in NODES:
        with listening(lab, node, 9081):
            seen = {one: asked(lab, lab.pod(one), lab.address(node), 9081).client for one in PODS}
        assert seen == addresses, node


def test_nodes_reach_pods_of_every_node(lab: Lab, addresses: dict[str, str]) -> None:
    answers = {
        (node, pod): asked(lab, node, address, PORT).pod
        for node in NODES
        for pod, address in addresses.items()
    }
    assert answers == {(node, pod): pod for node, pod in answers}


def test_the_outside_sees_a_pod_as_its_node(lab: Lab, addresses: dict[str, str]) -> None:
    with listening(lab, lab.client, 9082):
        for pod, node in PODS.items():
            seen = asked(lab, lab.pod(pod), CLIENT_ADDRESS, 9082).client
            assert seen == lab.address(node), pod
