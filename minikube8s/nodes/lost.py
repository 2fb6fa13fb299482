"""What a Node and its pods look like when its agent has not been heard. Pure."""

import copy
from collections.abc import Mapping
from typing import Any, NamedTuple

from minikube8s.api.meta import set_condition

_CONDITIONS = ("Ready", "MemoryPressure", "DiskPressure", "PIDPressure")


class Overdue(NamedTuple):
    """The nodes unheard for the whole grace, and when to look again (None: nobody is left)."""

    nodes: tuple[str, ...]
    next_look: float | None


def overdue(heard: Mapping[str, float], now: float, grace: float) -> Overdue:
    """Judge the monotonic times at which each node was last heard."""
    late = tuple(node for node, at in heard.items() if at + grace <= now)
    rest = [at + grace for node, at in heard.items() if node not in late]
    return Overdue(late, min(rest, default=None))


def unknown_node(node: dict[str, Any], now: str) -> dict[str, Any]:
    """The Node with its conditions Unknown; when it was last heard stays. `now` is RFC 3339."""
    fresh = copy.deepcopy(node)
    status = fresh.setdefault("status", {})
    posted = {one.get("type"): one for one in copy.deepcopy(status.get("conditions") or [])}
    made = node["metadata"].get("creationTimestamp", now)
    for type_ in _CONDITIONS:
        if type_ in posted:
            reason, message = "NodeStatusUnknown", "Kubelet stopped posting node status."
        else:
            reason, message = "NodeStatusNeverUpdated", "Kubelet never posted node status."
        set_condition(status, type_, "Unknown", now=now, reason=reason, message=message)
    for one in status["conditions"]:
        if one["type"] in _CONDITIONS:
            one["lastHeartbeatTime"] = posted.get(one["type"], {}).get("lastHeartbeatTime", made)
    return fresh


def unready_pod(pod: dict[str, Any], now: str) -> dict[str, Any]:
    """The pod with Ready False, so that Services leave it out; the same pod if it was not Ready."""
    conditions = (pod.get("status") or {}).get("conditions") or []
    if not any(one.get("type") == "Ready" and one.get("status") == "True" for one in conditions):
        return pod
    fresh = copy.deepcopy(pod)
    for one in fresh["status"]["conditions"]:
        if one.get("type") == "Ready":
            one.update(status="False", lastTransitionTime=now)
    return fresh
