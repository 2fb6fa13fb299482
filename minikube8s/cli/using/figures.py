"""From metrics.k8s.io's objects to kubectl's rows. Pure.

https://github.com/kubernetes/metrics: CPU in cores, memory as the working set, in bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from minikube8s.api import quantity

Object = dict[str, Any]
_MEBI = 1 << 20
_UNKNOWN = "<unknown>"
_LINE = "________"


class Use:
    """What one node, pod or container uses; ``names`` are its cells in front."""

    __slots__ = ("cpu", "memory", "names", "of")

    def __init__(
        self, names: list[str], cpu: int, memory: int, of: tuple[int, int] | None = None
    ) -> None:
        self.names = names
        self.cpu = cpu
        """In nano cores; -1 for what is not known."""
        self.memory = memory
        """In bytes."""
        self.of = of
        """Of a node: how much there is of both."""


def pods(metrics: Iterable[Object], *, namespaces: bool, containers: bool) -> list[Use]:
    """The use of pods, or of each of their containers, in the order of their names."""
    found = []
    for pod in sorted(metrics, key=lambda one: _place(one["metadata"])):
        namespace, name = _place(pod["metadata"])
        lead = [namespace] * namespaces + [name]
        uses = [_use([*lead, one["name"]], one["usage"]) for one in pod.get("containers") or []]
        if containers:
            found += sorted(uses, key=lambda use: use.names)
        else:
            cpu, memory = sum(use.cpu for use in uses), sum(use.memory for use in uses)
            found.append(Use(lead, cpu, memory))
    return found


def nodes(metrics: Iterable[Object], known: Iterable[Object], whole: str) -> list[Use]:
    """The use of nodes; ``whole`` is what it is a share of: allocatable or capacity."""
    measured = {one["metadata"]["name"]: one["usage"] for one in metrics}
    found, silent = [], []
    for node in sorted(known, key=lambda one: str(one["metadata"]["name"])):
        name = node["metadata"]["name"]
        if name not in measured:
            silent.append(Use([name], -1, -1))
            continue
        there = (node.get("status") or {}).get(whole) or {}
        use = _use([name], measured[name])
        use.of = _amounts(there)
        found.append(use)
    return found + silent


def ordered(uses: Sequence[Use], by: str) -> list[Use]:
    """The greatest first by ``cpu`` or ``memory``; as they are where ``by`` is empty."""
    if not by:
        return list(uses)
    return sorted(uses, key=lambda use: -use.cpu if by == "cpu" else -use.memory)


def headings(*, nodes: bool, namespaces: bool = False, containers: bool = False) -> list[str]:
    """kubectl's headings."""
    if nodes:
        return ["NAME", "CPU(cores)", "CPU(%)", "MEMORY(bytes)", "MEMORY(%)"]
    lead = ["NAMESPACE"] * namespaces + ["POD"] * containers
    return [*lead, "NAME", "CPU(cores)", "MEMORY(bytes)"]


def row(use: Use, *, shares: bool) -> list[str]:
    """One row below the headings; ``shares`` for nodes."""
    if use.cpu < 0:
        return [*use.names, *[_UNKNOWN] * 4]
    cpu, memory = cores(use.cpu), mebibytes(use.memory)
    if not shares:
        return [*use.names, cpu, memory]
    whole = use.of or (0, 0)
    return [*use.names, cpu, _share(use.cpu, whole[0]), memory, _share(use.memory, whole[1])]


def total(uses: Sequence[Use], columns: int) -> list[list[str]]:
    """The two rows of ``--sum``."""
    lead = [""] * (columns - 2)
    cpu, memory = sum(use.cpu for use in uses), sum(use.memory for use in uses)
    return [[*lead, _LINE, _LINE], [*lead, cores(cpu), mebibytes(memory)]]


def cores(nano: float) -> str:
    """`150m`, rounded up."""
    return f"{-(-int(nano) // 10**6)}m"


def mebibytes(count: float) -> str:
    """`32Mi`, rounded down."""
    return f"{int(count) // _MEBI}Mi"


def _share(part: int, whole: int) -> str:
    return f"{part * 100 // whole}%" if whole else _UNKNOWN


def _use(names: list[str], usage: Object) -> Use:
    return Use(names, *_amounts(usage))


def _amounts(amounts: Object) -> tuple[int, int]:
    cpu = quantity.parse(amounts.get("cpu") or "0").nano
    return cpu, quantity.parse(amounts.get("memory") or "0").value


def _place(metadata: Object) -> tuple[str, str]:
    return metadata.get("namespace", ""), metadata["name"]
