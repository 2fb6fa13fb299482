"""Endpoints and EndpointSlices."""

from __future__ import annotations

from typing import ClassVar

from minikube8s.api import names
from minikube8s.api.errors import Cause, immutable, invalid_value, required
from minikube8s.api.strategy.checks.common import (
    PROTOCOLS,
    Obj,
    named,
    one_of,
    ordinary_address,
    port,
)
from minikube8s.api.strategy.model import Strategy

ADDRESS_TYPES = ("FQDN", "IPv4", "IPv6")


class EndpointsStrategy(Strategy):
    """Hooks of Endpoints."""

    created_by_update: ClassVar[bool] = True

    def validate(self, obj: Obj) -> list[Cause]:
        """Check metadata, addresses and ports."""
        causes = super().validate(obj)
        for position, subset in enumerate(obj.get("subsets") or ()):
            causes += _subset(f"subsets[{position}]", subset)
        return causes


class EndpointSliceStrategy(Strategy):
    """Hooks of EndpointSlices, whose generation moves with their content."""

    generation_sections: ClassVar[tuple[str, ...]] = ("endpoints", "ports")

    def validate(self, obj: Obj) -> list[Cause]:
        """Check metadata, addresses and ports."""
        causes = super().validate(obj)
        type_ = obj.get("addressType")
        causes += one_of("addressType", type_, ADDRESS_TYPES)
        for position, endpoint in enumerate(obj.get("endpoints") or ()):
            field = f"endpoints[{position}].addresses"
            addresses = endpoint.get("addresses") or []
            if not addresses:
                causes.append(required(field, "must contain at least 1 address"))
            for place, one in enumerate(addresses):
                if type_ == "FQDN":
                    causes += named(f"{field}[{place}]", one, names.dns1123_subdomain)
                else:
                    causes += _of_type(f"{field}[{place}]", one, type_)
            if hostname := endpoint.get("hostname"):
                causes += named(f"endpoints[{position}].hostname", hostname, names.dns1123_label)
        for position, one in enumerate(obj.get("ports") or ()):
            causes += _port(f"ports[{position}]", one, optional=True)
        return causes

    def validate_update(self, new: Obj, old: Obj, subresource: str = "") -> list[Cause]:
        """Keep the address type."""
        causes = super().validate_update(new, old, subresource)
        if new.get("addressType") != old.get("addressType"):
            causes.append(immutable("addressType", new.get("addressType")))
        return causes


def _of_type(field: str, value: str, type_: str | None) -> list[Cause]:
    """Check an address of the slice's family."""
    causes = ordinary_address(field, value)
    if not causes and type_ in ADDRESS_TYPES and (":" in value) != (type_ == "IPv6"):
        causes.append(invalid_value(field, value, f"must be a valid {type_} address"))
    return causes


def _subset(field: str, subset: Obj) -> list[Cause]:
    causes: list[Cause] = []
    ready, pending = subset.get("addresses") or [], subset.get("notReadyAddresses") or []
    if not ready and not pending:
        why = "must specify `addresses` or `notReadyAddresses`"
        causes.append(required(field, why))
    for section, entries in (("addresses", ready), ("notReadyAddresses", pending)):
        for position, entry in enumerate(entries):
            at = f"{field}.{section}[{position}]"
            causes += ordinary_address(f"{at}.ip", entry.get("ip") or "")
            if hostname := entry.get("hostname"):
                causes += named(f"{at}.hostname", hostname, names.dns1123_label)
    ports = subset.get("ports") or []
    for position, one in enumerate(ports):
        at = f"{field}.ports[{position}]"
        if len(ports) > 1 and not one.get("name"):
            causes.append(required(f"{at}.name"))
        causes += _port(at, one, optional=False)
    return causes


def _port(field: str, one: Obj, *, optional: bool) -> list[Cause]:
    causes: list[Cause] = []
    if one.get("name"):
        causes += named(f"{field}.name", one["name"], names.dns1123_label)
    if one.get("port") is not None or not optional:
        causes += port(f"{field}.port", one.get("port") or 0)
    return causes + one_of(f"{field}.protocol", one.get("protocol"), PROTOCOLS)
