"""Which of a Service's endpoints get connections on this node: readiness, place, hints. Pure."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple

from minikube8s.api.views import Endpoint
from minikube8s.api.views import Node as NodeView

_ZONE = "topology.kubernetes.io/zone"


@dataclass(frozen=True, slots=True)
class Node:
    """What decides on the node's side: its name, its zone ("" when it has none), its addresses."""

    name: str
    zone: str = ""
    addresses: tuple[str, ...] = ()


class Candidate(NamedTuple):
    """An endpoint, and the port of it that serves."""

    endpoint: Endpoint
    port: int


def node_of(name: str, view: NodeView | None) -> Node:
    """The node as its object tells; without one only its name is known."""
    if view is None:
        return Node(name)
    addresses = (each.address for each in view.status.addresses if "IP" in each.type)
    return Node(name, view.metadata.labels.get(_ZONE, ""), tuple(addresses))


def usable(
    candidates: Iterable[Candidate], node: Node, *, only_local: bool = False
) -> list[Candidate]:
    """The ready endpoints; when there is none, those that still serve while they terminate.

    Hints say which endpoints are for which zones or nodes; they count when all ready ones have
    some and this node is among them, and not for those that only terminate. Endpoints of this node
    are chosen for being here, hints aside.
    """
    found = [each for each in candidates if not only_local or each.endpoint.node_name == node.name]
    ready = [each for each in found if each.endpoint.conditions.ready is not False]
    if not ready:
        return [each for each in found if _serves_terminating(each.endpoint)]
    return ready if only_local else _hinted(ready, node)


def _serves_terminating(endpoint: Endpoint) -> bool:
    conditions = endpoint.conditions
    return conditions.serving is not False and conditions.terminating is True


def _hinted(ready: list[Candidate], node: Node) -> list[Candidate]:
    """Those for this node, else those for its zone, else all."""
    for field, own in (("forNodes", node.name), ("forZones", node.zone)):
        fits = _for(field, own)
        if all(_names(each.endpoint, field) for each in ready) and any(map(fits, ready)):
            return list(filter(fits, ready))
    return ready


def _for(field: str, own: str) -> Callable[[Candidate], bool]:
    return lambda candidate: own in _names(candidate.endpoint, field)


def _names(endpoint: Endpoint, field: str) -> list[str]:
    return [each.get("name", "") for each in (endpoint.hints or {}).get(field) or ()]
