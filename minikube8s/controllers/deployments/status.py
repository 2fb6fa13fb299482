"""A Deployment's status: the counts, and what the conditions say of its progress. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from minikube8s.api.times import now_rfc3339, parse_time
from minikube8s.controllers.deployments.model import Limits, Member, Snapshot, has_deadline
from minikube8s.controllers.deployments.scaling import Sizes

Condition = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Outlook:
    """What the plan has decided, as far as the status tells of it."""

    members: Sequence[Member]
    new: Member | None
    sizes: Sizes
    created: str = ""
    """Name of the ReplicaSet that this plan creates."""
    collided: bool = False
    """The name of the ReplicaSet to create is taken by something else."""
    rolling_out: bool = True
    """Whether progress is judged: not while paused, nor for the look that only rescales."""
    failure: str = ""
    """Why the ReplicaSet could not be created."""


def status(snapshot: Snapshot, limits: Limits, outlook: Outlook, now: datetime) -> dict[str, Any]:
    """Return the whole status; zero counts are left out, as Kubernetes does."""
    fresh = _counts(snapshot, outlook)
    conditions = _Conditions(snapshot.object.get("status") or {}, now)
    _judge_availability(conditions, fresh, limits)
    if has_deadline(snapshot.view):
        _note_pause(conditions, snapshot)
        _note_creation(conditions, outlook)
        if outlook.rolling_out:
            _judge_progress(conditions, snapshot, outlook, fresh, now)
    else:
        conditions.remove("Progressing")
    _note_replica_failure(conditions, outlook)
    fresh["conditions"] = conditions.entries
    return fresh


def is_complete(snapshot: Snapshot, counts: dict[str, Any]) -> bool:
    """Tell whether exactly the template's pods exist and all are available."""
    wanted = snapshot.view.spec.replicas
    names = ("updatedReplicas", "replicas", "availableReplicas")
    seen = counts.get("observedGeneration", 0) >= snapshot.view.metadata.generation
    return seen and all(counts.get(name, 0) == wanted for name in names)


def seconds_to_deadline(snapshot: Snapshot, fresh: dict[str, Any], now: datetime) -> float | None:
    """Return when to look again for lack of progress; None when nothing is awaited."""
    progressing = _find(fresh["conditions"], "Progressing")
    if progressing is None or snapshot.view.spec.paused or is_complete(snapshot, fresh):
        return None
    if progressing["reason"] in {"ProgressDeadlineExceeded", "NewReplicaSetAvailable"}:
        return None
    return max(0.0, (_deadline(snapshot, progressing) - now).total_seconds()) + 1.0


class _Conditions:
    """The conditions of a Deployment while they are being revised."""

    def __init__(self, status: dict[str, Any], now: datetime) -> None:
        self.entries: list[Condition] = list(status.get("conditions") or ())
        self._now = now_rfc3339(now)

    def get(self, type: str) -> Condition | None:
        return _find(self.entries, type)

    def remove(self, type: str) -> None:
        self.entries = [one for one in self.entries if one["type"] != type]

    def set(self, type: str, value: str, reason: str, message: str, *, renew: bool = False) -> None:
        """Set a condition; with the same status and reason it stays as it is unless `renew`."""
        known = self.get(type)
        same = known is not None and known["status"] == value
        if known is not None and same and known["reason"] == reason and not renew:
            return
        since = known["lastTransitionTime"] if known is not None and same else self._now
        self.remove(type)
        self.entries.append(
            {
                "type": type,
                "status": value,
                "lastUpdateTime": self._now,
                "lastTransitionTime": since,
                "reason": reason,
                "message": message,
            }
        )


def _find(conditions: Sequence[Condition], type: str) -> Condition | None:
    return next((one for one in conditions if one["type"] == type), None)


def _counts(snapshot: Snapshot, outlook: Outlook) -> dict[str, Any]:
    statuses = [one.view.status for one in outlook.members]
    available = sum(one.available_replicas for one in statuses)
    collisions = snapshot.view.status.collision_count
    counts: dict[str, Any] = {
        "observedGeneration": snapshot.view.metadata.generation,
        "replicas": sum(one.replicas for one in statuses),
        "updatedReplicas": outlook.new.view.status.replicas if outlook.new else 0,
        "readyReplicas": sum(one.ready_replicas for one in statuses),
        "availableReplicas": available,
        "unavailableReplicas": max(0, sum(outlook.sizes.values()) - available),
    }
    counts = {name: count for name, count in counts.items() if count}
    if outlook.collided:
        counts["collisionCount"] = (collisions or 0) + 1
    elif collisions is not None:
        counts["collisionCount"] = collisions
    return counts


def _judge_availability(conditions: _Conditions, counts: dict[str, Any], limits: Limits) -> None:
    if counts.get("availableReplicas", 0) >= limits.minimum_available:
        conditions.set(
            "Available",
            "True",
            "MinimumReplicasAvailable",
            "Deployment has minimum availability.",
        )
    else:
        conditions.set(
            "Available",
            "False",
            "MinimumReplicasUnavailable",
            "Deployment does not have minimum availability.",
        )


def _note_pause(conditions: _Conditions, snapshot: Snapshot) -> None:
    progressing = conditions.get("Progressing")
    reason = progressing["reason"] if progressing else ""
    if reason == "ProgressDeadlineExceeded":
        return
    if snapshot.view.spec.paused and reason != "DeploymentPaused":
        conditions.set("Progressing", "Unknown", "DeploymentPaused", "Deployment is paused")
    elif not snapshot.view.spec.paused and reason == "DeploymentPaused":
        conditions.set("Progressing", "Unknown", "DeploymentResumed", "Deployment is resumed")


def _note_creation(conditions: _Conditions, outlook: Outlook) -> None:
    if outlook.failure:
        conditions.set("Progressing", "False", "ReplicaSetCreateError", outlook.failure)
    elif outlook.created:
        conditions.set(
            "Progressing",
            "True",
            "NewReplicaSetCreated",
            f'Created new replica set "{outlook.created}"',
        )
    elif outlook.new is not None and conditions.get("Progressing") is None:
        conditions.set(
            "Progressing",
            "True",
            "FoundNewReplicaSet",
            f'Found new replica set "{outlook.new.name}"',
        )


def _judge_progress(
    conditions: _Conditions,
    snapshot: Snapshot,
    outlook: Outlook,
    fresh: dict[str, Any],
    now: datetime,
) -> None:
    progressing = conditions.get("Progressing")
    was_complete = (
        progressing is not None
        and progressing["reason"] == "NewReplicaSetAvailable"
        and fresh.get("replicas", 0) == fresh.get("updatedReplicas", 0)
    )
    if was_complete or outlook.created or outlook.failure:
        return
    if outlook.new is not None:
        subject = f'ReplicaSet "{outlook.new.name}"'
    else:
        subject = f'Deployment "{snapshot.view.metadata.name}"'
    if is_complete(snapshot, fresh):
        conditions.set(
            "Progressing",
            "True",
            "NewReplicaSetAvailable",
            f"{subject} has successfully progressed.",
        )
    elif _progressed(snapshot, fresh):
        conditions.set(
            "Progressing", "True", "ReplicaSetUpdated", f"{subject} is progressing.", renew=True
        )
    elif _timed_out(snapshot, progressing, now):
        conditions.set(
            "Progressing",
            "False",
            "ProgressDeadlineExceeded",
            f"{subject} has timed out progressing.",
        )


def _progressed(snapshot: Snapshot, fresh: dict[str, int]) -> bool:
    before = snapshot.view.status
    updated = fresh.get("updatedReplicas", 0)
    return (
        updated > before.updated_replicas
        or fresh.get("replicas", 0) - updated < before.replicas - before.updated_replicas
        or fresh.get("readyReplicas", 0) > before.ready_replicas
        or fresh.get("availableReplicas", 0) > before.available_replicas
    )


def _timed_out(snapshot: Snapshot, progressing: Condition | None, now: datetime) -> bool:
    if progressing is None or progressing["reason"] == "NewReplicaSetAvailable":
        return False
    if progressing["reason"] == "ProgressDeadlineExceeded":
        return True
    return now > _deadline(snapshot, progressing)


def _deadline(snapshot: Snapshot, progressing: Condition) -> datetime:
    seconds = snapshot.view.spec.progress_deadline_seconds or 0
    return parse_time(progressing["lastUpdateTime"]) + timedelta(seconds=seconds)


def _note_replica_failure(conditions: _Conditions, outlook: Outlook) -> None:
    """Pass on why the ReplicaSets cannot make pods: the template's own trouble first."""
    first = [outlook.new] if outlook.new is not None else []
    for member in [*first, *outlook.members]:
        failure = next(
            (one for one in member.view.status.conditions if one.type == "ReplicaFailure"), None
        )
        if failure is not None:
            conditions.set("ReplicaFailure", failure.status, failure.reason, failure.message)
            return
    conditions.remove("ReplicaFailure")
