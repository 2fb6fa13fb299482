"""The status of ResourceQuotas: what is allowed, and what is used of it.

Owns `status.hard` and `status.used`. What is used is known to the registry, which keeps an index
of it for admission; this controller only tells.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from minikube8s.api.resources import EVENTS, RESOURCEQUOTAS, RESOURCES, Resource
from minikube8s.controllers.actions import Plan, SetStatus, ref
from minikube8s.controllers.keys import Key
from minikube8s.controllers.runner import Reader
from minikube8s.store.watching import Event

Used = Callable[[str, str], Mapping[str, str]]
"""Returns what is used of the quota of this namespace and name."""
NextEnd = Callable[[str], float | None]
"""Returns in how many seconds that changes in a namespace by itself, if it does."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A quota and what is used of it."""

    quota: Mapping[str, Any]
    used: Mapping[str, str]
    changes_in: float | None = None
    """Seconds until less is used without any write."""


class ResourceQuotaController:
    """Keeps the status of every quota true."""

    name = "resourcequota"
    watches = tuple(
        resource
        for resource in RESOURCES.all()
        if resource.namespaced and not resource.storage and "watch" in resource.verbs
    )

    def __init__(self, used: Used, next_end: NextEnd) -> None:
        self._used = used
        self._next_end = next_end

    def keys(self, resource: Resource, event: Event, reader: Reader) -> Iterable[Key]:
        """Return the changed quota, or the quotas of the namespace in which something changed."""
        entry = event.entry
        if resource is RESOURCEQUOTAS and event.type != "DELETED":
            yield Key(entry.namespace, entry.name)
        if event.type != "MODIFIED" or resource is not EVENTS:
            for quota in reader.list(RESOURCEQUOTAS, entry.namespace):
                yield Key(quota.namespace, quota.name)

    def read(self, reader: Reader, key: Key) -> Snapshot | None:
        """Return the quota, or None when it is gone."""
        entry = reader.find(RESOURCEQUOTAS, *key)
        if entry is None:
            return None
        return Snapshot(entry.object, self._used(*key), self._next_end(key.namespace))

    def plan(self, snapshot: Snapshot, now: datetime, failure: str = "") -> Plan:
        """Return the status that the quota lacks."""
        return plan(snapshot)


def plan(snapshot: Snapshot) -> Plan:
    """Plan one look at one quota."""
    quota = snapshot.quota
    hard = (quota.get("spec") or {}).get("hard") or {}
    status = {"hard": dict(hard), "used": dict(snapshot.used)} if hard else {}
    if status == (quota.get("status") or {}):
        return Plan(requeue_after=snapshot.changes_in)
    written = SetStatus(ref(RESOURCEQUOTAS, quota), status)
    return Plan(status=written, requeue_after=snapshot.changes_in)
