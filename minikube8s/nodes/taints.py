"""The taints that a Node's conditions bring. Pure."""

import copy
from typing import Any

from minikube8s.api.meta import condition

NOT_READY = "node.kubernetes.io/not-ready"
UNREACHABLE = "node.kubernetes.io/unreachable"
_PRESSURES = {
    "MemoryPressure": "node.kubernetes.io/memory-pressure",
    "DiskPressure": "node.kubernetes.io/disk-pressure",
    "PIDPressure": "node.kubernetes.io/pid-pressure",
    "NetworkUnavailable": "node.kubernetes.io/network-unavailable",
}
"""What a condition that is True brings: a taint with the effect NoSchedule."""
_OURS = (NOT_READY, UNREACHABLE, *_PRESSURES.values())


def settled(node: dict[str, Any], now: str, *, spared: bool = False) -> dict[str, Any]:
    """The Node with the taints of its conditions, and without those of others.

    Ready False brings `not-ready`, Unknown `unreachable`; both evict, unless the node is spared.
    Other taints stay. A taint that is there already keeps its timeAdded; a new one gets `now`.
    """
    wanted = _wanted(node, spared)
    existing: list[dict[str, Any]] = node.get("spec", {}).get("taints") or []
    kept = [
        taint
        for taint in existing
        if taint.get("key") not in _OURS or (taint["key"], taint.get("effect")) in wanted
    ]
    present = {(taint.get("key"), taint.get("effect")) for taint in kept}
    added = [
        {"key": key, "effect": effect, "timeAdded": now}
        for key, effect in wanted
        if (key, effect) not in present
    ]
    if kept == existing and not added:
        return node
    fresh = copy.deepcopy(node)
    spec = fresh.setdefault("spec", {})
    spec["taints"] = [*kept, *added]
    if not spec["taints"]:
        del spec["taints"]
    return fresh


def _wanted(node: dict[str, Any], spared: bool) -> list[tuple[str, str]]:
    """(key, effect) of each taint."""
    ready = condition(node, "Ready")
    state = ready.get("status") if ready else None
    wanted = []
    if state != "True":
        key = NOT_READY if state == "False" else UNREACHABLE
        wanted.append((key, "NoSchedule"))
        if not spared:
            wanted.append((key, "NoExecute"))
    for type, key in _PRESSURES.items():
        one = condition(node, type)
        if one and one.get("status") == "True":
            wanted.append((key, "NoSchedule"))
    return wanted
