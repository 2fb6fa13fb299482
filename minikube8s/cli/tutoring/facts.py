"""What stands for what exists in a step's command: `{pod_ip:my-nginx-pod}`. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable

from minikube8s.cli.errors import CommandError
from minikube8s.cli.tutoring.checks import addresses
from minikube8s.cli.tutoring.world import World, is_ending, part

_PLACE = re.compile(r"\{(\w+):([^}]*)\}")
_VALUE = re.compile(r"[\w.:\[\]-]+")
"""What cannot be more than one word of a command, whoever wrote it into the cluster."""


def fill(text: str, world: World) -> str:
    """`text` with every place filled. Raises CommandError where nothing fits."""

    def found(match: re.Match[str]) -> str:
        value = _FACTS[match[1]](world, match[2])
        if not _VALUE.fullmatch(value):
            raise CommandError(
                f"`{text}` needs {_WORDS[match[1]]} {match[2]}".rstrip()
                + ", and there is none: go back a few steps"
            )
        return value

    return _PLACE.sub(found, text)


def _pod(world: World, selector: str) -> str:
    staying = [pod for pod in world.chosen(selector) if not is_ending(pod)]
    return str(staying[0]["metadata"]["name"]) if staying else ""


def _pod_ip(world: World, name: str) -> str:
    return _host(part(world.find(f"pod/{name}") or {}, "status").get("podIP"))


def _cluster_ip(world: World, name: str) -> str:
    return _host(part(world.find(f"svc/{name}") or {}, "spec").get("clusterIP"))


def _node_port(world: World, name: str) -> str:
    ports = part(world.find(f"svc/{name}") or {}, "spec").get("ports") or [{}]
    return str(ports[0].get("nodePort") or "")


def _external_ip(world: World, name: str) -> str:
    return _host(next(iter(addresses(world.find(f"svc/{name}") or {})), ""))


def _host(address: object) -> str:
    """The address as it stands in a URL: one of IPv6 in brackets."""
    text = str(address or "")
    return f"[{text}]" if ":" in text else text


_FACTS: dict[str, Callable[[World, str], str]] = {
    "pod": _pod,
    "pod_ip": _pod_ip,
    "cluster_ip": _cluster_ip,
    "node_port": _node_port,
    "external_ip": _external_ip,
}
_WORDS = {
    "pod": "a pod",
    "pod_ip": "the address of the pod",
    "cluster_ip": "the address of the Service",
    "node_port": "the node port of the Service",
    "external_ip": "the external address of the Service",
}
