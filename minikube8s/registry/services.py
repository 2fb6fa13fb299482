"""Which addresses and ports a Service holds, and what an update of its type does to them. Pure."""

from __future__ import annotations

from typing import Any, NamedTuple

Object = dict[str, Any]

HEADLESS = "None"


class Holding(NamedTuple):
    """What a stored Service occupies."""

    addresses: frozenset[str]
    ports: frozenset[int]


NOTHING = Holding(frozenset(), frozenset())


def holding(service: Object | None) -> Holding:
    """Return what `service` (None: no Service) occupies."""
    if service is None:
        return NOTHING
    spec = service.get("spec", {})
    addresses = frozenset(a for a in spec.get("clusterIPs") or () if a != HEADLESS)
    ports = {port["nodePort"] for port in spec.get("ports") or () if port.get("nodePort")}
    if spec.get("healthCheckNodePort"):
        ports.add(spec["healthCheckNodePort"])
    return Holding(addresses, frozenset(ports))


def needs_address(spec: Object) -> bool:
    """Tell whether the Service has cluster addresses (headless ones have the word None)."""
    return spec.get("type") != "ExternalName"


def needs_node_ports(spec: Object) -> bool:
    """Tell whether every port of the Service gets a node port."""
    kind = spec.get("type")
    return kind == "NodePort" or (
        kind == "LoadBalancer" and spec.get("allocateLoadBalancerNodePorts") is not False
    )


def needs_health_check(spec: Object) -> bool:
    """Tell whether load balancers ask the nodes whether they have an endpoint."""
    return spec.get("type") == "LoadBalancer" and spec.get("externalTrafficPolicy") == "Local"


def normalize(new: Object, old: Object | None) -> None:
    """Make clusterIP and clusterIPs of `new` agree, whichever of them the client changed."""
    spec = new.setdefault("spec", {})
    before = (old or {}).get("spec", {})
    address, addresses = spec.get("clusterIP", ""), spec.get("clusterIPs") or []
    changed = address != before.get("clusterIP", "")
    same_list = addresses == (before.get("clusterIPs") or [])
    if address and (not addresses or (old and changed and same_list)):
        addresses = [address]
    elif not address and old and changed and same_list:
        addresses = []
    elif not address and addresses:
        address = addresses[0]
    _set(spec, "clusterIP", address)
    _set(spec, "clusterIPs", addresses)


def carry_over(new: Object, old: Object) -> None:
    """Keep what `old` was given where `new` still needs it and does not say otherwise.

    And drop what `new` repeats from `old` but its type no longer has.
    """
    spec, before = new["spec"], old.get("spec", {})
    if needs_address(before):
        if not needs_address(spec):
            _drop_same(spec, before, "clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy")
        elif not spec.get("clusterIP"):
            for field in ("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"):
                if field in before and not spec.get(field):
                    spec[field] = before[field]
    if needs_node_ports(before):
        (_keep_node_ports if needs_node_ports(spec) else _drop_node_ports)(spec, before)
    if needs_health_check(before):
        if not needs_health_check(spec):
            _drop_same(spec, before, "healthCheckNodePort")
        elif not spec.get("healthCheckNodePort") and before.get("healthCheckNodePort"):
            spec["healthCheckNodePort"] = before["healthCheckNodePort"]
    if spec.get("type") != "LoadBalancer":
        _drop_same(spec, before, "allocateLoadBalancerNodePorts", "loadBalancerClass")
    if spec.get("type") not in ("NodePort", "LoadBalancer") and not spec.get("externalIPs"):
        _drop_same(spec, before, "externalTrafficPolicy")


def _keep_node_ports(spec: Object, before: Object) -> None:
    known = {_port_id(port): port.get("nodePort", 0) for port in before.get("ports") or ()}
    used = {
        (port["nodePort"], _port_id(port)[0])
        for port in spec.get("ports") or ()
        if port.get("nodePort")
    }
    for port in spec.get("ports") or ():
        kept = known.get(_port_id(port), 0)
        if kept and not port.get("nodePort") and (kept, _port_id(port)[0]) not in used:
            port["nodePort"] = kept


def _drop_node_ports(spec: Object, before: Object) -> None:
    known = {port.get("nodePort", 0) for port in before.get("ports") or ()}
    for port in spec.get("ports") or ():
        if port.get("nodePort") in known:
            port.pop("nodePort", None)


def _port_id(port: Object) -> tuple[str, int]:
    return port.get("protocol", "TCP"), port.get("port", 0)


def _drop_same(spec: Object, before: Object, *fields: str) -> None:
    for field in fields:
        if field in spec and spec[field] == before.get(field):
            del spec[field]


def _set(spec: Object, field: str, value: Any) -> None:
    if value:
        spec[field] = value
    else:
        spec.pop(field, None)
