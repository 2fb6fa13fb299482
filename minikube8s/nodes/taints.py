"""The taints that a Node's Ready condition brings. Pure."""

import copy
from typing import Any

from minikube8s.api.meta import condition

NOT_READY = "node.kubernetes.io/not-ready"
UNREACHABLE = "node.kubernetes.io/unreachable"
_OURS = (NOT_READY, UNREACHABLE)
_EFFECTS = ("NoSchedule", "NoExecute")


def settled(node: dict[str, Any], now: str) -> dict[str, Any]:
    """The Node with `not-ready` (Ready False) or `unreachable` (Unknown), or without both.

    Other taints stay. A taint that is there already keeps its timeAdded; a new one gets `now`.
    """
    wanted = _wanted(node)
    existing: list[dict[str, Any]] = node.get("spec", {}).get("taints") or []
    kept = [taint for taint in existing if taint.get("key") not in _OURS or taint["key"] == wanted]
    present = {(taint.get("key"), taint.get("effect")) for taint in kept}
    added = [
        {"key": wanted, "effect": effect, "timeAdded": now}
        for effect in _EFFECTS
        if wanted and (wanted, effect) not in present
    ]
    if kept == existing and not added:
        return node
    fresh = copy.deepcopy(node)
    spec = fresh.setdefault("spec", {})
    spec["taints"] = [*kept, *added]
    if not spec["taints"]:
        del spec["taints"]
    return fresh


def _wanted(node: dict[str, Any]) -> str:
    ready = condition(node, "Ready")
    match ready and ready.get("status"):
        case "True":
            return ""
        case "False":
            return NOT_READY
        case _:
            return UNREACHABLE
