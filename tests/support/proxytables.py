"""Service ports as the table takes them, for tests and measurements of the table itself."""

from __future__ import annotations

from mk8s_agent.proxy.desired import PortKey, ServicePort
from mk8s_agent.proxy.parts import Owner, PartKey
from mk8s_agent.proxy.rules import PortPart

PODS = "10.244.0.0/16"


def part_key(key: PortKey) -> PartKey:
    """The place of a Service port among the table's parts."""
    return PartKey(Owner("service", (key.namespace, key.service)), key.port)


def having(*ports: ServicePort) -> dict[PartKey, PortPart | None]:
    """A change after which these ports are there."""
    return {part_key(port.key): PortPart(port, PODS) for port in ports}


def without(*keys: PortKey) -> dict[PartKey, PortPart | None]:
    """A change after which these ports are gone."""
    return dict.fromkeys(part_key(key) for key in keys)
