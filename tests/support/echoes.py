"""Pods of the image `echo`, which say who answered and what client they saw, and their Services."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from tests.support.lab import Lab, Place, pinned
from tests.support.manifests import container, pod
from tests.support.wait import until

Json = dict[str, Any]

PORT = 8080
"""Answers with the pod's name and the client's address, on TCP and UDP."""
BACK_PORT = 8081
"""Gives back what it gets, on TCP."""


class Answer(NamedTuple):
    """What an echo said."""

    pod: str
    client: str


def echo(name: str, node: str, app: str, **fields: Any) -> Json:
    """A pod on that node, with the label app=``app``."""
    ready = {"tcpSocket": {"port": PORT}, "periodSeconds": 1}
    main = container(image="echo", readinessProbe=ready, **fields)
    body = pod(name, main, labels={"app": app}, terminationGracePeriodSeconds=1)
    return pinned(body, node)


def service(name: str, app: str = "", **spec: Any) -> Json:
    """A Service with port 80 for TCP and for UDP; ``node_port`` is for both."""
    port = {"port": 80, "targetPort": PORT}
    if node_port := spec.pop("node_port", 0):
        port["nodePort"] = node_port
    ports = [{**port, "name": one.lower(), "protocol": one} for one in ("TCP", "UDP")]
    selector = {"selector": {"app": app}} if app else {}
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name},
        "spec": {"ports": ports, **selector, **spec},
    }


def asked(
    lab: Lab, place: Place, address: str, port: int = 80, protocol: str = "TCP", seconds: float = 3
) -> Answer:
    """Who answered there, and as whom they saw the asker; raises what the socket does."""
    if protocol == "UDP":
        text = lab.ask_udp(place, address, port, seconds)
    else:
        text = lab.ask(place, address, port, seconds=seconds)
    return Answer(*text.split())


def wait_led(lab: Lab, port: int, pods: Iterable[str], *nodes: str) -> None:
    """Return when each of these nodes leads clients of a node port to all these pods.

    That the API shows pods as ready does not say yet that every node's rules know them.
    """
    for node in nodes:
        for protocol in ("TCP", "UDP"):
            missing = set(pods)

            def all_met(
                node: str = node, protocol: str = protocol, missing: set[str] = missing
            ) -> bool:
                missing.discard(asked(lab, lab.client, lab.address(node), port, protocol, 1).pod)
                return not missing

            until(f"{node} leads to all pods by {protocol}", all_met)
