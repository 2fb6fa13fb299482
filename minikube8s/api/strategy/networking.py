"""NetworkPolicies, and the addresses of Services as objects."""

from __future__ import annotations

import ipaddress
from typing import ClassVar

from minikube8s.api.errors import (
    Cause,
    forbidden_field,
    invalid_value,
    required,
    unsupported,
)
from minikube8s.api.strategy.checks.common import (
    PROTOCOLS,
    Obj,
    kept,
    label_selector,
    optional_one_of,
    port,
    port_or_name,
)
from minikube8s.api.strategy.model import Strategy

_CIDR = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"
_ADDRESS = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class NetworkPolicyStrategy(Strategy):
    """Hooks of NetworkPolicies."""

    generation_sections: ClassVar[tuple[str, ...]] = ("spec",)

    def validate(self, obj: Obj) -> list[Cause]:
        """Check metadata, selector, rules and types."""
        spec = obj["spec"]
        causes = super().validate(obj)
        causes += label_selector("spec.podSelector", spec.get("podSelector"))
        for direction, peers in (("ingress", "from"), ("egress", "to")):
            for position, rule in enumerate(spec.get(direction) or ()):
                at = f"spec.{direction}[{position}]"
                for place, one in enumerate(rule.get("ports") or ()):
                    causes += _port(f"{at}.ports[{place}]", one)
                for place, peer in enumerate(rule.get(peers) or ()):
                    causes += _peer(f"{at}.{peers}[{place}]", peer)
        types = spec.get("policyTypes") or []
        if len(types) > 2:
            why = "may not specify more than two policyTypes"
            return [*causes, invalid_value("spec.policyTypes", types, why)]
        return causes + [
            unsupported(f"spec.policyTypes[{position}]", type_, ("Egress", "Ingress"))
            for position, type_ in enumerate(types)
            if type_ not in ("Egress", "Ingress")
        ]


class IPAddressStrategy(Strategy):
    """Hooks of IPAddresses, whose name is the address."""

    def check_name(self, name: str) -> list[str]:
        """Accept addresses in their canonical form."""
        try:
            canonical = str(ipaddress.ip_address(name))
        except ValueError:
            return [_ADDRESS]
        return [] if canonical == name else [f"must be in canonical form ({canonical})"]

    def validate(self, obj: Obj) -> list[Cause]:
        """Check that the address belongs to something."""
        parent = (obj.get("spec") or {}).get("parentRef")
        causes = super().validate(obj)
        if not parent:
            return [*causes, required("spec.parentRef")]
        return causes + [
            required(f"spec.parentRef.{name}")
            for name in ("resource", "name")
            if not parent.get(name)
        ]

    def validate_update(self, new: Obj, old: Obj, subresource: str = "") -> list[Cause]:
        """Keep the owner."""
        causes = super().validate_update(new, old, subresource)
        return causes + kept(new.get("spec") or {}, old.get("spec") or {}, ("parentRef",), "spec.")


class ServiceCIDRStrategy(Strategy):
    """Hooks of ServiceCIDRs."""

    first_status: ClassVar[Obj | None] = {}

    def validate(self, obj: Obj) -> list[Cause]:
        """Check one range, or one of each family."""
        cidrs = (obj.get("spec") or {}).get("cidrs") or []
        causes = super().validate(obj)
        if not cidrs:
            return [*causes, required("spec.cidrs", "at least one CIDR required")]
        if len(cidrs) > 2:
            why = "may only hold up to 2 values"
            return [*causes, invalid_value("spec.cidrs", cidrs, why)]
        versions = set()
        for position, cidr in enumerate(cidrs):
            network = _network(cidr)
            if network is None:
                causes.append(invalid_value(f"spec.cidrs[{position}]", cidr, _CIDR))
            else:
                versions.add(network.version)
        if not causes and len(versions) < len(cidrs):
            why = "may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and"
            causes.append(invalid_value("spec.cidrs", cidrs, f"{why} 2001:db8::/96"))
        return causes

    def validate_update(self, new: Obj, old: Obj, subresource: str = "") -> list[Cause]:
        """Keep the ranges; a second family may be added."""
        causes = super().validate_update(new, old, subresource)
        spec, before = new.get("spec") or {}, old.get("spec") or {}
        first = before.get("cidrs") or []
        if (spec.get("cidrs") or [])[: len(first)] == first:
            return causes
        return causes + kept(spec, before, ("cidrs",), "spec.")


def _port(field: str, one: Obj) -> list[Cause]:
    causes = optional_one_of(f"{field}.protocol", one.get("protocol"), PROTOCOLS)
    first, last = one.get("port"), one.get("endPort")
    if first is not None:
        causes += port_or_name(f"{field}.port", first)
    if last is None:
        return causes
    at = f"{field}.endPort"
    if first is None:
        why = "may not be specified when `port` is not specified"
        causes.append(invalid_value(at, last, why))
    elif isinstance(first, str):
        why = "may not be specified when `port` is non-numeric"
        causes.append(invalid_value(at, last, why))
    else:
        causes += port(at, last)
        if last < first:
            why = "must be greater than or equal to `port`"
            causes.append(invalid_value(at, last, why))
    return causes


def _peer(field: str, peer: Obj) -> list[Cause]:
    causes: list[Cause] = []
    selectors = [
        name for name in ("podSelector", "namespaceSelector") if peer.get(name) is not None
    ]
    for name in selectors:
        causes += label_selector(f"{field}.{name}", peer[name])
    block = peer.get("ipBlock")
    if block is not None:
        if selectors:
            why = "may not specify both ipBlock and another peer"
            causes.append(forbidden_field(field, why))
        return causes + _block(f"{field}.ipBlock", block)
    if not selectors:
        causes.append(required(field, "must specify a peer"))
    return causes


def _block(field: str, block: Obj) -> list[Cause]:
    cidr = block.get("cidr") or ""
    if not cidr:
        return [required(f"{field}.cidr")]
    network = _network(cidr)
    if network is None:
        return [invalid_value(f"{field}.cidr", cidr, _CIDR)]
    causes: list[Cause] = []
    for position, text in enumerate(block.get("except") or ()):
        at, inner = f"{field}.except[{position}]", _network(text)
        if inner is None:
            causes.append(invalid_value(at, text, _CIDR))
        elif not _inside(inner, network):
            causes.append(invalid_value(at, text, "must be a strict subset of `cidr`"))
    return causes


def _inside(inner: Network, outer: Network) -> bool:
    return (
        inner.version == outer.version
        and inner.prefixlen > outer.prefixlen
        and inner.network_address in outer
    )


def _network(text: str) -> Network | None:
    try:
        return ipaddress.ip_network(text, strict=False) if "/" in text else None
    except ValueError:
        return None
