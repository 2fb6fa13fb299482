"""ReplicaSets: keep a number of pods alike.

Owns adoption, release, creation and deletion of a ReplicaSet's pods, and its status. Knows
nothing of Deployments or nodes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from minikube8s.api.meta import condition
from minikube8s.api.resources import PODS, REPLICASETS, Resource
from minikube8s.api.selectors import Selector, from_label_selector
from minikube8s.api.times import now_rfc3339
from minikube8s.api.views import PartialObject, Pod, ReplicaSet
from minikube8s.controllers import victims
from minikube8s.controllers.actions import (
    NOTHING,
    Create,
    Delete,
    Plan,
    Report,
    SetStatus,
    ref,
    view_ref,
)
from minikube8s.controllers.claims import claim
from minikube8s.controllers.pods import is_active, seconds_to_available
from minikube8s.controllers.runner import Reader
from minikube8s.controllers.templates import pod_of
from minikube8s.store.entry import Entry
from minikube8s.store.watching import Event

BURST = 500
"""The most pods created or deleted by one plan; the rest follows with the next."""

CREATED = Report("SuccessfulCreate", "Created pod: {name}", "FailedCreate", "Error creating: ")
DELETED = Report("SuccessfulDelete", "Deleted pod: {name}", "FailedDelete", "Error deleting: ")


class Key(NamedTuple):
    """Names a ReplicaSet."""

    namespace: str
    name: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A ReplicaSet, the pods it has or may adopt, and the nodes of all pods of its Deployment."""

    replicaset: Mapping[str, Any]
    pods: tuple[Pod, ...]
    neighbours: tuple[str, ...] = ()


class ReplicaSetController:
    """Keeps every ReplicaSet's pods at its number."""

    name = "replicaset"
    watches = (REPLICASETS, PODS)

    def keys(self, resource: Resource, event: Event, reader: Reader) -> Iterable[Key]:
        """Return the changed ReplicaSet, or those that a changed pod belongs or may belong to."""
        if resource is REPLICASETS:
            return {Key(event.entry.namespace, event.entry.name)}
        states = [event.entry] if event.previous is None else [event.entry, event.previous]
        return {key for state in states for key in _keys_of_pod(state, reader)}

    def read(self, reader: Reader, key: Key) -> Snapshot | None:
        """Return the ReplicaSet with its pods, or None when it is gone."""
        entry = reader.find(REPLICASETS, *key)
        if entry is None:
            return None
        selector = from_label_selector(entry.object["spec"].get("selector"))
        pods = tuple(
            candidate.view(Pod)
            for candidate in reader.claimable(PODS, key.namespace, entry.uid)
            if candidate.owned_by(entry.uid) or selector.matches(candidate.labels)
        )
        return Snapshot(entry.object, pods, tuple(_neighbours(reader, entry)))

    def plan(self, snapshot: Snapshot, now: datetime, failure: str = "") -> Plan:
        """Return the adoptions, releases, creations and deletions due, else the status."""
        return plan(snapshot, now, failure)


def plan(snapshot: Snapshot, now: datetime, failure: str = "") -> Plan:
    """Plan one look. With pods to create or delete the status waits for the look that follows."""
    replicaset = snapshot.replicaset
    selector = _selector(replicaset)
    if selector.empty:
        return NOTHING
    active = [pod for pod in snapshot.pods if is_active(pod)]
    claims = claim(REPLICASETS, replicaset, selector, PODS, active)
    excess = len(claims.owned) - replicaset["spec"].get("replicas", 1)
    creates: tuple[Create, ...] = ()
    deletes: tuple[Delete, ...] = ()
    if "deletionTimestamp" not in replicaset["metadata"]:
        if excess < 0:
            creates = (_creation(replicaset),) * min(-excess, BURST)
        elif excess > 0:
            chosen = victims.choose(claims.owned, min(excess, BURST), snapshot.neighbours, now)
            deletes = tuple(Delete(view_ref(PODS, pod.metadata), report=DELETED) for pod in chosen)
    settled = not (claims.patches or creates or deletes) or bool(failure)
    wait = _next_availability(replicaset, claims.owned, now)
    return Plan(
        about=replicaset,
        patches=claims.patches,
        creates=creates,
        deletes=deletes,
        status=_status_change(replicaset, claims.owned, excess, failure, now) if settled else None,
        requeue_after=wait,
    )


def _selector(replicaset: Mapping[str, Any]) -> Selector:
    return from_label_selector(replicaset["spec"].get("selector"))


def _creation(replicaset: Mapping[str, Any]) -> Create:
    pod = pod_of(REPLICASETS, replicaset, replicaset["spec"]["template"])
    return Create(PODS, replicaset["metadata"]["namespace"], pod, CREATED)


def _next_availability(
    replicaset: Mapping[str, Any], pods: Sequence[Pod], now: datetime
) -> float | None:
    waits = [
        seconds_to_available(pod, replicaset["spec"].get("minReadySeconds", 0), now) for pod in pods
    ]
    return min((wait for wait in waits if wait), default=None)


def _status_change(
    replicaset: Mapping[str, Any], pods: Sequence[Pod], excess: int, failure: str, now: datetime
) -> SetStatus | None:
    current = replicaset.get("status") or {}
    fresh = _status(replicaset, pods, now)
    conditions = [one for one in current.get("conditions", ()) if one["type"] != "ReplicaFailure"]
    if failure:
        conditions.append(_replica_failure(replicaset, excess, failure, now))
    if conditions:
        fresh["conditions"] = conditions
    return None if fresh == current else SetStatus(ref(REPLICASETS, replicaset), fresh)


def _status(replicaset: Mapping[str, Any], pods: Sequence[Pod], now: datetime) -> dict[str, Any]:
    """Return the status without conditions; zero counts are left out, as Kubernetes does."""
    spec = replicaset["spec"]
    labels = ((spec["template"].get("metadata") or {}).get("labels") or {}).items()
    waits = [seconds_to_available(pod, spec.get("minReadySeconds", 0), now) for pod in pods]
    counts = {
        "fullyLabeledReplicas": sum(labels <= pod.metadata.labels.items() for pod in pods),
        "readyReplicas": sum(pod.ready for pod in pods),
        "availableReplicas": sum(wait == 0 for wait in waits),
        "observedGeneration": replicaset["metadata"].get("generation", 0),
    }
    return {"replicas": len(pods), **{name: count for name, count in counts.items() if count}}


def _replica_failure(
    replicaset: Mapping[str, Any], excess: int, failure: str, now: datetime
) -> Mapping[str, Any]:
    reason = "FailedCreate" if excess < 0 else "FailedDelete"
    known = condition(replicaset, "ReplicaFailure")
    if known is not None and known["reason"] == reason:
        # The message names another pod each time. To write it each time would wake this
        # controller each time, without end.
        return known
    return {
        "type": "ReplicaFailure",
        "status": "True",
        "lastTransitionTime": now_rfc3339(now),
        "reason": reason,
        "message": failure,
    }


def _keys_of_pod(pod: Entry, reader: Reader) -> Iterable[Key]:
    metadata = pod.view(PartialObject).metadata
    controller = metadata.controller
    if controller is not None:
        if controller.kind == REPLICASETS.kind and controller.api_version == "apps/v1":
            yield Key(pod.namespace, controller.name)
        return
    for entry in reader.list(REPLICASETS, pod.namespace):
        selector = from_label_selector(entry.view(ReplicaSet).spec.selector)
        if not selector.empty and selector.matches(pod.labels):
            yield Key(entry.namespace, entry.name)


def _neighbours(reader: Reader, entry: Entry) -> Iterator[str]:
    """Yield the node of each active pod of the ReplicaSets of the same Deployment, this one's."""
    controller = entry.view(ReplicaSet).metadata.controller
    siblings = reader.dependents(controller.uid) if controller is not None else [entry]
    for sibling in siblings:
        for one in reader.dependents(sibling.uid):
            if one.key.startswith(PODS.prefix):
                pod = one.view(Pod)
                if is_active(pod) and pod.spec.node_name:
                    yield pod.spec.node_name
