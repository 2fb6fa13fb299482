"""How NetworkPolicies, ServiceCIDRs and IPAddresses are described."""

from __future__ import annotations

from datetime import UTC
from typing import Any

from minikube8s.api.times import parse_time
from minikube8s.cli.describing import common
from minikube8s.cli.describing.writer import Writer

Object = dict[str, Any]
_INDENT = "    "


def network_policy(w: Writer, obj: Object, around: common.Around) -> None:
    """A NetworkPolicy, rule by rule. It has no Events."""
    spec = obj.get("spec") or {}
    common.head(w, obj)
    w.line(0, "Created on:", _in_go(obj["metadata"].get("creationTimestamp")))
    common.labels(w, obj)
    w.line(0, "Spec:")
    chosen = common.selector(spec.get("podSelector"))
    everyone = f"{common.NONE} (Allowing the specific traffic to all pods in this namespace)"
    w.line(1, f"PodSelector:     {chosen or everyone}")
    kinds = spec.get("policyTypes") or ()
    for direction in ("ingress", "egress"):
        if direction.capitalize() in kinds:
            w.line(1, f"Allowing {direction} traffic:")
            _rules(w, direction, spec.get(direction) or [])
        else:
            w.line(1, f"Not affecting {direction} traffic")
    w.line(1, f"Policy Types: {', '.join(kinds) or common.NONE}")


def service_cidr(w: Writer, obj: Object, around: common.Around) -> None:
    """A ServiceCIDR with its conditions."""
    common.head(w, obj, namespace=False)
    common.labels(w, obj)
    w.line(0, "CIDRs:", ", ".join((obj.get("spec") or {}).get("cidrs") or ()))
    found = (obj.get("status") or {}).get("conditions")
    if found:
        w.line(0, "Status:")
    columns = ("Type", "Status", "LastTransitionTime", "Reason", "Message")
    common.conditions(w, found, *columns)
    common.events(w, around)


def ip_address(w: Writer, obj: Object, around: common.Around) -> None:
    """An IPAddress and whose it is."""
    common.head(w, obj, namespace=False)
    common.labels(w, obj)
    parent = (obj.get("spec") or {}).get("parentRef")
    if parent:
        w.line(0, "Parent Reference:")
        for field in ("group", "resource", "namespace", "name"):
            w.line(1, f"{field.capitalize()}:", parent.get(field, ""))
    common.events(w, around)


def _rules(w: Writer, direction: str, rules: list[Object]) -> None:
    word, field, end = (
        ("From", "from", "source") if direction == "ingress" else ("To", "to", "destination")
    )
    if not rules:
        isolated = f"(Selected pods are isolated for {direction} connectivity)"
        w.line(0, f"{_INDENT}{common.NONE} {isolated}")
    for index, rule in enumerate(rules):
        if index:
            w.line(0, f"{_INDENT}----------")
        for port in rule.get("ports") or ():
            number, protocol = port.get("port"), port.get("protocol") or "TCP"
            shown = common.go(number)
            if port.get("endPort") is None:
                w.line(0, f"{_INDENT}To Port: {shown}/{protocol}")
            else:
                w.line(0, f"{_INDENT}To Port Range: {shown}-{port['endPort']}/{protocol}")
        if not rule.get("ports"):
            w.line(0, f"{_INDENT}To Port: <any> (traffic allowed to all ports)")
        for peer in rule.get(field) or ():
            w.line(0, f"{_INDENT}{word}:")
            _peer(w, peer)
        if not rule.get(field):
            w.line(0, f"{_INDENT}{word}: <any> (traffic not restricted by {end})")


def _peer(w: Writer, peer: Object) -> None:
    selectors = [one for one in ("namespaceSelector", "podSelector") if peer.get(one) is not None]
    for kind in selectors:
        text = common.selector(peer[kind]) or common.NONE
        w.line(1, f"{_INDENT}{kind[0].upper()}{kind[1:]}: {text}")
    block = peer.get("ipBlock")
    if block and not selectors:
        w.line(1, f"{_INDENT}IPBlock:")
        w.line(2, f"{_INDENT}CIDR: {block['cidr']}")
        w.line(2, f"{_INDENT}Except: {', '.join(block.get('except') or ())}")


def _in_go(timestamp: str | None) -> str:
    """A time as Go prints it: `2022-01-18 09:05:00 +0000 UTC`."""
    if not timestamp:
        return "0001-01-01 00:00:00 +0000 UTC"
    when = parse_time(timestamp).astimezone()
    zone = "UTC" if when.utcoffset() == UTC.utcoffset(None) else when.strftime("%Z")
    return when.strftime(f"%Y-%m-%d %H:%M:%S %z {zone}")
