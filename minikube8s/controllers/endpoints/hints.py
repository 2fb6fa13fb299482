"""Which clients an endpoint is meant for: hints for zones and nodes. Pure.

`spec.trafficDistribution` keeps traffic in the endpoint's own zone or node. The older annotation
`topology-mode: Auto` shares endpoints out by the CPUs that the zones have, so that none is
overloaded, or does without hints and says why.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from math import ceil
from typing import Any

from minikube8s.api.quantity import parse
from minikube8s.api.views import Node, Service
from minikube8s.controllers.actions import Report
from minikube8s.controllers.endpoints.backends import IPV4, Backend

ZONE = "topology.kubernetes.io/zone"
MODES = ("service.kubernetes.io/topology-mode", "service.kubernetes.io/topology-aware-hints")
OVERLOAD = 0.2
"""How much more than its share an endpoint may have to bear."""
ENABLED, DISABLED = "TopologyAwareHintsEnabled", "TopologyAwareHintsDisabled"
_CONTROL_PLANES = ("node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master")
_CLOSE = ("PreferClose", "PreferSameZone", "PreferSameNode")

Json = dict[str, Any]


class NoHints(Exception):
    """Endpoints cannot be shared out; the message says why."""


def is_auto(annotations: Mapping[str, str]) -> bool:
    """Tell whether a Service with these annotations has its endpoints shared out over zones."""
    return any(annotations.get(name) in ("Auto", "auto") for name in MODES)


def hinted(
    service: Service, found: Sequence[Backend], nodes: Iterable[Node], family: str = IPV4
) -> tuple[list[Backend], Report | None]:
    """Return the backends with their hints, and what there is to tell about them.

    A report with the reason ENABLED is worth telling only when there were no hints before.
    """
    if is_auto(service.metadata.annotations):
        try:
            zones = _shared_out(found, _shares(nodes))
        except NoHints as why:
            return list(found), Report(DISABLED, f"{why}, addressType: {family}")
        hints = [_zone_hint(zones[one.pod["uid"]]) if one.ready else None for one in found]
        told = Report(ENABLED, f"Topology Aware Hints has been enabled, addressType: {family}")
        return _with(found, hints), told
    distribution = service.spec.traffic_distribution
    if distribution not in _CLOSE:
        return list(found), None
    same_node = distribution == "PreferSameNode"
    return _with(found, [_own(one, same_node) if one.ready else None for one in found]), None


def _with(found: Sequence[Backend], hints: Sequence[Json | None]) -> list[Backend]:
    return [replace(one, hints=hint) for one, hint in zip(found, hints, strict=True)]


def _own(backend: Backend, same_node: bool) -> Json | None:
    hint = _zone_hint(backend.zone) if backend.zone else {}
    if same_node and backend.node:
        hint["forNodes"] = [{"name": backend.node}]
    return hint or None


def _zone_hint(zone: str) -> Json:
    return {"forZones": [{"name": zone}]}


def _shares(nodes: Iterable[Node]) -> dict[str, float]:
    """Return each zone's part of all CPUs. Raises NoHints."""
    cpus: Counter[str] = Counter()
    for node in nodes:
        labels = node.metadata.labels
        if not node.ready or any(role in labels for role in _CONTROL_PLANES):
            continue
        cpu = node.status.allocatable.get("cpu")
        milli = parse(cpu).milli if cpu else 0
        if not labels.get(ZONE) or not milli:
            raise NoHints(
                "Insufficient Node information: allocatable CPU or zone not specified on one or"
                " more nodes"
            )
        cpus[labels[ZONE]] += milli
    if len(cpus) < 2:
        raise NoHints("Nodes only ready in one zone")
    return {zone: milli / cpus.total() for zone, milli in cpus.items()}


def _shared_out(found: Sequence[Backend], shares: Mapping[str, float]) -> dict[str, str]:
    """Return the zone that each ready endpoint is for, by the pod's uid. Raises NoHints."""
    ready = [one for one in found if one.ready]
    counts = f"({len(ready)} endpoints, {len(shares)} zones)"
    if len(ready) < len(shares):
        raise NoHints(f"Insufficient number of endpoints {counts}")
    if not all(one.zone for one in ready):
        raise NoHints("One or more endpoints do not have a zone specified")
    least = {zone: ceil(share * len(ready) / (1 + OVERLOAD)) for zone, share in shares.items()}
    if sum(least.values()) > len(ready):
        raise NoHints(
            "Unable to allocate minimum required endpoints to each zone without exceeding overload"
            f" threshold {counts}"
        )
    zones = {one.pod["uid"]: one.zone for one in ready}
    sizes = Counter(zones.values())
    for zone in sorted(least):
        for _ in range(least[zone] - sizes[zone]):
            giver = max(
                (one for one in sizes if sizes[one] > least.get(one, 0)),
                key=lambda one: (sizes[one] - shares.get(one, 0.0) * len(ready), one),
            )
            moved = next(uid for uid, at in sorted(zones.items()) if at == giver)
            zones[moved] = zone
            sizes[giver] -= 1
            sizes[zone] += 1
    return zones
