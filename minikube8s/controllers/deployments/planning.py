"""The Deployment's plan: one look at a Deployment and its ReplicaSets, one step onward. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from minikube8s.api.resources import DEPLOYMENTS, REPLICASETS
from minikube8s.api.selectors import from_label_selector
from minikube8s.controllers.actions import (
    NOTHING,
    Create,
    Delete,
    Patch,
    Plan,
    Report,
    SetStatus,
    ref,
    view_ref,
)
from minikube8s.controllers.claims import claim
from minikube8s.controllers.deployments import history, scaling
from minikube8s.controllers.deployments.model import (
    REVISION,
    Limits,
    Member,
    Snapshot,
    is_rolling,
    limits,
)
from minikube8s.controllers.deployments.status import (
    Outlook,
    is_complete,
    seconds_to_deadline,
    status,
)

SELECTS_ALL = Report(
    "SelectingAll", "This deployment is selecting all pods. A non-empty selector is required."
)


def plan(snapshot: Snapshot, now: datetime, failure: str = "") -> Plan:
    """Plan one step: adopt, or resize, create and clean up ReplicaSets; and tell the status."""
    selector = from_label_selector(snapshot.object["spec"].get("selector"))
    if selector.empty:
        return _selects_all(snapshot)
    claims = claim(DEPLOYMENTS, snapshot.object, selector, REPLICASETS, snapshot.members)
    if claims.patches:
        return Plan(about=snapshot.object, patches=claims.patches)
    return _Rollout(snapshot, claims.owned).plan(now, failure)


@dataclass(frozen=True, slots=True)
class _Step:
    """What shall change among the ReplicaSets."""

    sizes: scaling.Sizes
    create: bool = False
    clean_up: bool = False
    rolling_out: bool = True


@dataclass(frozen=True, slots=True)
class _Creation:
    """The outcome of asking for a new ReplicaSet: one to create, or a taken name."""

    creates: tuple[Create, ...] = ()
    name: str = ""
    size: int = 0
    collided: bool = False


@dataclass(frozen=True, slots=True)
class _Rollout:
    snapshot: Snapshot
    members: Sequence[Member]
    limits: Limits = field(init=False)
    new: Member | None = field(init=False)
    old: Sequence[Member] = field(init=False)
    revision: int = field(init=False)

    def __post_init__(self) -> None:
        new = history.find_new(self.snapshot.object["spec"]["template"], self.members)
        old = [one for one in self.members if one is not new]
        object.__setattr__(self, "limits", limits(self.snapshot.view))
        object.__setattr__(self, "new", new)
        object.__setattr__(self, "old", old)
        object.__setattr__(self, "revision", history.next_revision(old))

    def plan(self, now: datetime, failure: str) -> Plan:
        step = self._step()
        creation = self._creation() if step.create else _Creation()
        sizes = {**step.sizes, creation.name: creation.size} if creation.creates else step.sizes
        outlook = Outlook(
            members=self.members,
            new=self.new,
            sizes=sizes,
            created=creation.name if creation.creates else "",
            collided=creation.collided,
            rolling_out=step.rolling_out,
            failure=f"{_not_created(creation.name)}{failure}"
            if creation.creates and failure
            else "",
        )
        fresh = status(self.snapshot, self.limits, outlook, now)
        return Plan(
            about=self.snapshot.object,
            patches=self._patches(step),
            creates=creation.creates,
            deletes=self._deletes() if step.clean_up else (),
            status=self._status_change(fresh, created=bool(creation.creates and not failure)),
            requeue_after=seconds_to_deadline(self.snapshot, fresh, now),
        )

    def _step(self) -> _Step:
        view, members = self.snapshot.view, self.members
        sizes = scaling.current(members)
        if view.metadata.deletion_timestamp is not None:
            return _Step(sizes, rolling_out=False)
        rolling = is_rolling(view)
        if view.spec.paused or scaling.was_rescaled(members, self.limits):
            sizes = scaling.rescale(
                self.new, self.old, self.limits, view.status.replicas, rolling=rolling
            )
            return _Step(sizes, clean_up=view.spec.paused, rolling_out=False)
        clean_up = is_complete(self.snapshot, self.snapshot.object.get("status") or {})
        if not rolling:
            idle = self._old_pods_are_gone()
            sizes = scaling.recreate(self.new, self.old, self.limits, idle=idle)
            return _Step(sizes, create=self.new is None and idle, clean_up=clean_up)
        if self.new is None:
            return _Step(sizes, create=True)
        return _Step(scaling.roll(self.new, self.old, self.limits), clean_up=clean_up)

    def _old_pods_are_gone(self) -> bool:
        return not any(
            one.size or one.view.status.replicas or one.metadata.uid in self.snapshot.populated
            for one in self.old
        )

    def _creation(self) -> _Creation:
        name, digest = history.name_and_hash(self.snapshot.view, self.snapshot.object)
        if self.snapshot.taken:
            return _Creation(collided=True)
        rolling = is_rolling(self.snapshot.view)
        size = scaling.first_size(self.old, self.limits, rolling=rolling)
        replicaset = history.new_replicaset(self.snapshot, digest, size, self.revision, self.limits)
        report = _scaled(name, 0, size)._replace(
            failed_reason="ReplicaSetCreateError", failed_message=_not_created(name)
        )
        create = Create(REPLICASETS, self.snapshot.view.metadata.namespace, replicaset, report)
        return _Creation((create,), name, size)

    def _patches(self, step: _Step) -> tuple[Patch, ...]:
        changes = ((one, self._change(one, step.sizes[one.name])) for one in self.members)
        return tuple(
            Patch(
                view_ref(REPLICASETS, member.metadata),
                change,
                report=_scaled(member.name, member.size, step.sizes[member.name]),
            )
            for member, change in changes
            if change
        )

    def _change(self, member: Member, size: int) -> dict[str, Any]:
        """Return the merge patch that brings one ReplicaSet in line; empty when it is."""
        if self.snapshot.view.metadata.deletion_timestamp is not None:
            return {}
        spec: dict[str, Any] = {}
        annotations: dict[str, str] = {}
        if member is self.new:
            annotations = history.annotation_changes(self.snapshot, member, self.revision)
            min_ready = self.snapshot.view.spec.min_ready_seconds
            if member.view.spec.min_ready_seconds != min_ready:
                spec["minReadySeconds"] = min_ready
        if size != member.size:
            spec["replicas"] = size
        if size > 0:
            annotations |= _differing(
                history.size_annotations(self.limits), member.metadata.annotations
            )
        change: dict[str, Any] = {"spec": spec} if spec else {}
        if annotations:
            change["metadata"] = {"annotations": annotations}
        return change

    def _deletes(self) -> tuple[Delete, ...]:
        return tuple(
            Delete(view_ref(REPLICASETS, one.metadata))
            for one in history.outdated(self.snapshot, self.old)
        )

    def _status_change(self, fresh: dict[str, Any], *, created: bool) -> SetStatus | None:
        """Return the status write, with the revision that users see on the Deployment."""
        annotations: dict[str, str] = {}
        deleting = self.snapshot.view.metadata.deletion_timestamp is not None
        if (self.new is not None or created) and not deleting:
            current = self.new.revision if self.new is not None else 0
            wanted = {REVISION: str(max(self.revision, current))}
            annotations = _differing(wanted, self.snapshot.view.metadata.annotations)
        if fresh == (self.snapshot.object.get("status") or {}) and not annotations:
            return None
        return SetStatus(ref(DEPLOYMENTS, self.snapshot.object), fresh, annotations)


def _selects_all(snapshot: Snapshot) -> Plan:
    """Say once that nothing is done, as validation refuses such a selector today."""
    generation = snapshot.view.metadata.generation
    if snapshot.view.status.observed_generation >= generation:
        return NOTHING
    status = {**(snapshot.object.get("status") or {}), "observedGeneration": generation}
    change = SetStatus(ref(DEPLOYMENTS, snapshot.object), status)
    return Plan(about=snapshot.object, warnings=(SELECTS_ALL,), status=change)


def _not_created(name: str) -> str:
    return f'Failed to create new replica set "{name}": '


def _scaled(name: str, before: int, after: int) -> Report:
    if before == after:
        return Report()
    direction = "up" if after > before else "down"
    return Report(
        "ScalingReplicaSet", f"Scaled {direction} replica set {name} from {before} to {after}"
    )


def _differing(wanted: Mapping[str, str], known: Mapping[str, str]) -> dict[str, str]:
    return {name: text for name, text in wanted.items() if known.get(name) != text}
