"""Takes back DisruptionTarget of pods that were to go and did not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from minikube8s.api.meta import condition, is_pod_terminal, now_rfc3339, parse_time
from minikube8s.api.resources import PODS, Resource
from minikube8s.controllers.actions import NOTHING, Patch, Plan, ref
from minikube8s.controllers.keys import Key
from minikube8s.controllers.runner import Reader
from minikube8s.store.watching import Event

TIMEOUT = timedelta(minutes=2)
"""How long after the announcement of its end a pod may still not be being deleted."""
_CONDITION = "DisruptionTarget"
_MARK = _CONDITION.encode()


class StaleDisruptionController:
    """Watches over pods of which is said that they will be disrupted."""

    name = "stale-disruption"
    watches = (PODS,)

    def keys(self, resource: Resource, event: Event, reader: Reader) -> Iterable[Key]:
        """Return the changed pod, if it is said to be disrupted."""
        entry = event.entry
        if event.type == "DELETED" or _MARK not in entry.value:
            return ()
        return (Key(entry.namespace, entry.name),)

    def read(self, reader: Reader, key: Key) -> Mapping[str, Any] | None:
        """Return the pod, or None when it is gone."""
        entry = reader.find(PODS, *key)
        return None if entry is None else entry.object

    def plan(self, snapshot: Mapping[str, Any], now: datetime, failure: str = "") -> Plan:
        """Return the patch that is due, or when it will be."""
        return plan(snapshot, now)


def plan(pod: Mapping[str, Any], now: datetime) -> Plan:
    """Plan one look at one pod."""
    target = condition(pod, _CONDITION)
    if target is None or target["status"] != "True" or not target.get("lastTransitionTime"):
        return NOTHING
    if "deletionTimestamp" in pod["metadata"] or is_pod_terminal(pod):
        return NOTHING
    left = (parse_time(target["lastTransitionTime"]) + TIMEOUT - now).total_seconds()
    if left > 0:
        return Plan(requeue_after=left)
    taken_back = {"type": _CONDITION, "status": "False", "lastTransitionTime": now_rfc3339(now)}
    conditions = [taken_back if one is target else one for one in pod["status"]["conditions"]]
    patch = {"status": {"conditions": conditions}}
    return Plan(patches=(Patch(ref(PODS, pod), patch, "status"),))
