"""ClusterRoles that are made of others: their rules follow those whose labels they select."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from minikube8s.api.rbac import aggregated_rules
from minikube8s.api.resources import CLUSTERROLES, Resource
from minikube8s.controllers.actions import NOTHING, Patch, Plan, ref
from minikube8s.controllers.runner import Reader
from minikube8s.store.watching import Event

Object = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One aggregating ClusterRole and all ClusterRoles there are."""

    role: Object
    others: tuple[Object, ...]


class ClusterRoleAggregationController:
    """Writes the rules of aggregating ClusterRoles."""

    name = "clusterrole-aggregation"
    watches = (CLUSTERROLES,)

    def keys(self, resource: Resource, event: Event, reader: Reader) -> Iterable[str]:
        """Return every aggregating role: any of them may select what changed."""
        return (
            entry.name
            for entry in reader.list(CLUSTERROLES, None)
            if entry.object.get("aggregationRule")
        )

    def read(self, reader: Reader, key: str) -> Snapshot | None:
        """Return the role, or None unless it aggregates."""
        entry = reader.find(CLUSTERROLES, "", key)
        if entry is None or not entry.object.get("aggregationRule"):
            return None
        return Snapshot(entry.object, tuple(one.object for one in reader.list(CLUSTERROLES, None)))

    def plan(self, snapshot: Snapshot, now: datetime, failure: str = "") -> Plan:
        """Return the rules that the role lacks or has too many of."""
        rules = aggregated_rules(snapshot.role, snapshot.others)
        if rules == (snapshot.role.get("rules") or []):
            return NOTHING
        return Plan(patches=(Patch(ref(CLUSTERROLES, snapshot.role), {"rules": rules}),))
