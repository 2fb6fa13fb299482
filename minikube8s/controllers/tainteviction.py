"""Pods leave nodes whose taints they do not bear, or do not bear any longer.

Owns the deletion of pods by taints of the effect NoExecute: at once without a toleration, after
its `tolerationSeconds` with one. A time begins when the taint was added, or when the pod came to
the node if that was later; both are stored, so a new master goes on with it. A taint that came
without its time gets one when a pod's time depends on it. Kubernetes' taint-eviction-controller:
https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from minikube8s.api.meta import now_rfc3339, set_condition
from minikube8s.api.nodeselection import covers
from minikube8s.api.resources import NODES, PODS, Resource
from minikube8s.api.times import parse_time
from minikube8s.api.views import Node, Pod, Taint, Toleration
from minikube8s.controllers.actions import NOTHING, Delete, Patch, Plan, Report, ref
from minikube8s.controllers.runner import Reader
from minikube8s.store.entry import Entry
from minikube8s.store.watching import Event

EFFECT = "NoExecute"
_LONGEST = 2**31 - 1
"""Seconds of toleration that still lead to a time that a calendar has."""
_WHY = "Taint manager: deleting due to NoExecute taint"


class Key(NamedTuple):
    """Names a pod; `relieved`: what would have ended its time is gone."""

    namespace: str
    name: str
    relieved: bool = False


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A pod on a node with taints that evict, or that had some."""

    pod: Pod
    object: dict[str, Any]
    taints: tuple[Taint, ...]
    relieved: bool = False
    node: dict[str, Any] | None = None


class TaintEvictionController:
    """Evicts by taints."""

    name = "taint-eviction"
    watches = (PODS, NODES)

    def keys(self, resource: Resource, event: Event, reader: Reader) -> Iterable[Key]:
        """Return the pods whose time a change begins or ends."""
        entry = event.entry
        if event.type == "DELETED":
            return
        if resource is PODS:
            node = entry.view(Pod).spec.node_name
            if node and evicting(reader.find(NODES, "", node)):
                yield Key(entry.namespace, entry.name)
            return
        before, after = evicting(event.previous), evicting(entry)
        if before != after:
            for one in reader.pods_on(entry.name):
                pod = one.view(Pod)
                yield Key(one.namespace, one.name, ends(pod, before) and not ends(pod, after))

    def read(self, reader: Reader, key: Key) -> Snapshot | None:
        """Return the pod with its node's taints; None when nothing concerns it."""
        entry = reader.find(PODS, key.namespace, key.name)
        if entry is None or entry.meta.deletion_timestamp is not None:
            return None
        pod = entry.view(Pod)
        node = reader.find(NODES, "", pod.spec.node_name)
        taints = evicting(node)
        if not taints and not key.relieved:
            return None
        return Snapshot(pod, entry.object, taints, key.relieved, node.object if node else None)

    def plan(self, snapshot: Snapshot, now: datetime, failure: str = "") -> Plan:
        """Return the eviction, or when it will be due."""
        return plan(snapshot, now)


def plan(snapshot: Snapshot, now: datetime) -> Plan:
    """Plan one look at one pod."""
    end = due(snapshot.pod, snapshot.taints, now)
    metadata = snapshot.pod.metadata
    name = f"{metadata.namespace}/{metadata.name}"
    if end is None:
        if not snapshot.relieved:
            return NOTHING
        cancelled = Report("TaintManagerEviction", f"Cancelling deletion of Pod {name}")
        return Plan(about=snapshot.object, notices=(cancelled,))
    if end > now:
        return Plan(patches=_stamps(snapshot, now), requeue_after=(end - now).total_seconds())
    target = ref(PODS, snapshot.object)
    told = Report("TaintManagerEviction", f"Marking for deletion Pod {name}")
    return Plan(
        about=snapshot.object,
        patches=tuple(_say_why(snapshot.object, now)),
        deletes=(Delete(target._replace(revision=""), report=told),),
    )


def due(pod: Pod, taints: Sequence[Taint], now: datetime) -> datetime | None:
    """Return when the pod has to go because of the taints; None when it bears them for ever."""
    ends = []
    for taint in taints:
        bearing = _bearing(pod, taint)
        if bearing is None:
            return now
        if bearing.toleration_seconds is not None:
            added = parse_time(taint.time_added) if taint.time_added else now
            since = max(added, _bound(pod) or added)
            seconds = min(max(0, bearing.toleration_seconds), _LONGEST)
            ends.append(since + timedelta(seconds=seconds))
    return min(ends, default=None)


def ends(pod: Pod, taints: Iterable[Taint]) -> bool:
    """Tell whether the pod has to go because of the taints, now or later."""
    bearing = (_bearing(pod, taint) for taint in taints)
    return any(one is None or one.toleration_seconds is not None for one in bearing)


def evicting(node: Entry | None) -> tuple[Taint, ...]:
    """Return the node's taints that pods have to bear in order to stay."""
    if node is None:
        return ()
    return tuple(taint for taint in node.view(Node).spec.taints if taint.effect == EFFECT)


def _stamps(snapshot: Snapshot, now: datetime) -> tuple[Patch, ...]:
    """Return the write that gives this moment to the taints whose time is missing."""
    unknown = (taint for taint in snapshot.taints if not taint.time_added)
    if snapshot.node is None or not ends(snapshot.pod, unknown):
        return ()
    stamped = [
        {**taint, "timeAdded": now_rfc3339(now)}
        if taint.get("effect") == EFFECT and not taint.get("timeAdded")
        else taint
        for taint in snapshot.node["spec"]["taints"]
    ]
    return (Patch(ref(NODES, snapshot.node), {"spec": {"taints": stamped}}),)


def _bound(pod: Pod) -> datetime | None:
    """Return when the pod came to its node."""
    scheduled = (one for one in pod.status.conditions if one.type == "PodScheduled")
    at = next((one.last_transition_time for one in scheduled), None)
    at = at or pod.metadata.creation_timestamp
    return parse_time(at) if at else None


def _bearing(pod: Pod, taint: Taint) -> Toleration | None:
    """Return the toleration that counts for a taint: the first."""
    return next((one for one in pod.spec.tolerations if covers(one, taint)), None)


def _say_why(pod: dict[str, Any], now: datetime) -> Iterable[Patch]:
    """Return the condition that tells the pod's controller why it goes, unless it stands there."""
    status = {"conditions": [dict(one) for one in pod["status"].get("conditions") or ()]}
    changed = set_condition(
        status,
        "DisruptionTarget",
        "True",
        now=now_rfc3339(now),
        reason="DeletionByTaintManager",
        message=_WHY,
    )
    if changed:
        yield Patch(ref(PODS, pod), {"status": status}, "status")
