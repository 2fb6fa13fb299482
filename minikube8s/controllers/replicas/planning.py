"""The plan for one ReplicaSet or ReplicationController: one look, one step onward. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from minikube8s.api.resources import PODS
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
from minikube8s.controllers.podfacts import PodFacts, next_availability
from minikube8s.controllers.replicas import backoff, victims
from minikube8s.controllers.replicas.model import Kind, Snapshot
from minikube8s.controllers.replicas.status import Failure, status
from minikube8s.controllers.templates import pod_of

BURST = 500
"""The most pods created or deleted by one plan; the rest follows with the next."""

CREATED = Report("SuccessfulCreate", "Created pod: {name}", "FailedCreate", "Error creating: ")
DELETED = Report("SuccessfulDelete", "Deleted pod: {name}", "FailedDelete", "Error deleting: ")


def plan(snapshot: Snapshot, now: datetime, failure: str = "") -> Plan:
    """Plan one look. With pods to create or delete the status waits for the look that follows."""
    kind, owner = snapshot.kind, snapshot.owner
    if snapshot.selector.empty:
        return NOTHING
    active = [pod for pod in snapshot.pods if pod.active]
    claims = claim(kind.resource, owner, snapshot.selector, PODS, active)
    excess = len(claims.owned) - owner["spec"].get("replicas", 1)
    creates: tuple[Create, ...] = ()
    deletes: tuple[Delete, ...] = ()
    patience = 0.0
    if "deletionTimestamp" not in owner["metadata"]:
        if excess < 0:
            patience = backoff.seconds(owner, snapshot.pods, now)
        if excess < 0 and not patience:
            creates = (_creation(kind, owner),) * min(-excess, BURST)
        elif excess > 0:
            chosen = victims.choose(claims.owned, min(excess, BURST), snapshot.neighbours, now)
            deletes = tuple(Delete(view_ref(PODS, pod.metadata), report=DELETED) for pod in chosen)
    settled = not (claims.patches or creates or deletes) or bool(failure)
    told = Failure("FailedCreate" if excess < 0 else "FailedDelete", failure) if failure else None
    wait = next_availability(claims.owned, owner["spec"].get("minReadySeconds", 0), now)
    return Plan(
        about=owner,
        patches=claims.patches,
        creates=creates,
        deletes=deletes,
        status=_status_change(kind, owner, claims.owned, told, now) if settled else None,
        requeue_after=min((one for one in (wait, patience) if one), default=None),
    )


def _creation(kind: Kind, owner: Mapping[str, Any]) -> Create:
    pod = pod_of(kind.resource, owner, owner["spec"]["template"])
    return Create(PODS, owner["metadata"]["namespace"], pod, CREATED)


def _status_change(
    kind: Kind,
    owner: Mapping[str, Any],
    pods: Sequence[PodFacts],
    failure: Failure | None,
    now: datetime,
) -> SetStatus | None:
    fresh = status(owner, pods, failure, now)
    return None if fresh == owner.get("status") else SetStatus(ref(kind.resource, owner), fresh)
