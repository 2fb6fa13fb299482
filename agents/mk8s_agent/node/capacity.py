"""How much of the machine pods may have: all of it, and what is left when the rest has its part.

Pure.
"""

from __future__ import annotations

from collections.abc import Mapping

from minikube8s.api import quantity
from mk8s_agent.node.machine import Machine
from mk8s_agent.node.settings import KubeletSettings
from mk8s_agent.node.thresholds import amount


def capacity(machine: Machine, settings: KubeletSettings) -> dict[str, str]:
    """What the machine has, by resource."""
    return {
        "cpu": str(machine.cpus),
        "memory": f"{machine.memory // 1024}Ki",
        "ephemeral-storage": f"{machine.storage // 1024}Ki",
        "pods": str(settings.max_pods),
        **{name: _binary(size) for name, size in machine.huge_pages.items()},
    }


def allocatable(machine: Machine, settings: KubeletSettings) -> dict[str, str]:
    """What pods may request: without what is reserved, and what eviction keeps free."""
    cpu = machine.cpus * 1000 - _reserved(settings, "cpu", milli=True)
    kept = amount(settings.eviction_hard.get("memory.available", "0"), machine.memory)
    memory = machine.memory - _reserved(settings, "memory") - kept
    memory -= sum(machine.huge_pages.values())
    kept = amount(settings.eviction_hard.get("nodefs.available", "0"), machine.storage)
    storage = machine.storage - _reserved(settings, "ephemeral-storage") - kept
    return {
        **capacity(machine, settings),
        "cpu": str(quantity.from_milli(max(cpu, 0))),
        "memory": f"{max(memory, 0) // 1024}Ki",
        "ephemeral-storage": str(max(storage, 0)),
    }


def _reserved(settings: KubeletSettings, resource: str, *, milli: bool = False) -> int:
    parts: list[Mapping[str, str]] = [settings.system_reserved, settings.kube_reserved]
    stated = [quantity.parse(part[resource]) for part in parts if resource in part]
    return sum(one.milli if milli else one.value for one in stated)


def _binary(size: int) -> str:
    return str(quantity.from_value(size, quantity.Notation.BINARY_SI))
