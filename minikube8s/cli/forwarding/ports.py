"""Which ports `mk8s port-forward` leads where, and at which addresses it listens. Pure."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from minikube8s.cli.errors import CommandError

Object = dict[str, Any]


class Pair(NamedTuple):
    """A port here (0: any free one) and the one of the pod that it leads to."""

    local: int
    remote: int


def of_pod(pod: Object, text: str) -> Pair:
    """What `8080:80`, `80`, `:80` or `8080:http` means for a pod. Raises CommandError."""
    local, remote = _split(text)
    number = _number(remote) if remote.isdigit() else _named_port(pod, remote)
    _refuse_udp(number, ((one.get("protocol"), one["containerPort"]) for one in _ports(pod)))
    return Pair(number if local is None else _number(local, least=0), number)


def of_service(service: Object, pod: Object, text: str) -> Pair:
    """What it means for a Service, whose ports lead to others of its pods. Raises CommandError."""
    local, remote = _split(text)
    name, spec = service["metadata"]["name"], service.get("spec") or {}
    for port in spec.get("ports") or ():
        if str(port["port"]) == remote or (port.get("name") and port["name"] == remote):
            break
    else:
        kind = "service port" if remote.isdigit() else "port named"
        raise CommandError(f"Service {name} does not have a {kind} {remote}{_offers(spec)}")
    if port.get("protocol", "TCP") == "UDP":
        raise CommandError(f"UDP protocol is not supported for {remote}")
    target = port.get("targetPort") or port["port"]
    if spec.get("clusterIP") == "None" and isinstance(target, int):
        target = port["port"]
    number = target if isinstance(target, int) else _named_port(pod, str(target))
    return Pair(port["port"] if local is None else _number(local, least=0), number)


def addresses(texts: Sequence[str]) -> list[tuple[str, bool]]:
    """The addresses to listen at, and whether one may do without. Raises CommandError."""
    found: dict[str, bool] = {}
    for text in (part.strip() for whole in texts for part in whole.split(",")):
        if text == "localhost":
            found.setdefault("127.0.0.1", True)
            found.setdefault("::1", True)
            continue
        try:
            found[str(ipaddress.ip_address(text))] = False
        except ValueError:
            raise CommandError(f"{text} is not a valid IP: give one, or localhost") from None
    return list(found.items())


def _split(text: str) -> tuple[str | None, str]:
    """The local port's text (None: as the other one), and the remote one's. Raises CommandError."""
    local, colon, remote = text.partition(":")
    if not colon:
        return None, text
    if not remote or ":" in remote or not (local.isdigit() or not local):
        raise CommandError(f"{text!r} is no pair of ports: write LOCAL:REMOTE, like 8080:80")
    return local or "0", remote


def _number(text: str, least: int = 1) -> int:
    number = int(text)
    if not least <= number < 1 << 16:
        raise CommandError(f"{text} is no port: they go from {least} to 65535")
    return number


def _named_port(pod: Object, name: str) -> int:
    for port in _ports(pod):
        if port.get("name") == name:
            return int(port["containerPort"])
    raise CommandError(f"Pod '{pod['metadata']['name']}' does not have a named port '{name}'")


def _ports(pod: Object) -> Iterator[Object]:
    spec = pod.get("spec") or {}
    for container in (*(spec.get("containers") or ()), *(spec.get("initContainers") or ())):
        yield from container.get("ports") or ()


def _refuse_udp(number: int, declared: Iterator[tuple[str | None, int]]) -> None:
    protocols = {protocol or "TCP" for protocol, port in declared if port == number}
    if protocols == {"UDP"}:
        raise CommandError(f"UDP protocol is not supported for {number}")


def _offers(spec: Object) -> str:
    ports = ", ".join(str(port["port"]) for port in spec.get("ports") or ())
    return f"; it has {ports}" if ports else ""
