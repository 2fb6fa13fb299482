"""The plan for a StatefulSet: one look, the next steps. Pure.

Ordered sets take one step at a time: a pod is made when those before it are available, and one
that is not wanted any more goes when all others are, the last first. Parallel sets take all steps
at once. What is updated waits until the number of pods is right.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from minikube8s.api.resources import CONTROLLERREVISIONS, PODS, STATEFULSETS
from minikube8s.api.selectors import from_label_selector
from minikube8s.controllers import revisions
from minikube8s.controllers.actions import NOTHING, Create, Delete, Patch, Plan, Report
from minikube8s.controllers.claims import claim
from minikube8s.controllers.podfacts import PodFacts, next_availability
from minikube8s.controllers.revisions import History, Revision
from minikube8s.controllers.statefulsets import identity, rolling, status, storage
from minikube8s.controllers.statefulsets.model import (
    BURST,
    Snapshot,
    in_turn,
    is_available,
    is_ordered,
    is_terminating,
    ordinal_of,
    ordinals,
    revision_of,
)


@dataclass(slots=True)
class _Steps:
    """The plan in the making; `blocked` when an ordered set has to wait for something."""

    patches: list[Patch] = field(default_factory=list)
    claims: list[Create] = field(default_factory=list)
    pods: list[Create] = field(default_factory=list)
    deletes: list[Delete] = field(default_factory=list)
    warnings: list[Report] = field(default_factory=list)
    notices: list[Report] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    blocked: bool = False

    @property
    def creates(self) -> tuple[Create, ...]:
        """Pods first: what a claim is refused for keeps back its own pod alone."""
        return tuple([*self.pods, *self.claims][:BURST])


def plan(snapshot: Snapshot, now: datetime, failure: str = "") -> Plan:
    """Plan one look. With anything else to write the status waits for the look that follows."""
    obj, view = snapshot.object, snapshot.view
    selector = from_label_selector(view.spec.selector)
    if selector.empty:
        return NOTHING
    pods = claim(STATEFULSETS, obj, selector, PODS, snapshot.pods)
    owned = claim(STATEFULSETS, obj, selector, CONTROLLERREVISIONS, snapshot.revisions)
    history = revisions.history(
        STATEFULSETS, obj, view.status.collision_count, owned.owned, snapshot.namesake
    )
    current = history.named(view.status.current_revision) or history.update
    told = status.change(snapshot, pods.owned, current.name, history.update.name, now)
    adopting = pods.patches + owned.patches
    if view.metadata.deletion_timestamp is not None or failure:
        return Plan(
            about=obj,
            status=told,
            requeue_after=next_availability(pods.owned, view.spec.min_ready_seconds, now),
        )
    if adopting:
        return Plan(about=obj, patches=adopting)
    if history.collides:
        more = view.status.collision_count + 1
        return Plan(
            status=status.change(snapshot, pods.owned, current.name, history.update.name, now, more)
        )
    if history.create or history.renumber or not view.status.current_revision:
        # What is rolled out is written down before any pod is made from it.
        return Plan(
            about=obj,
            patches=(history.renumber,) if history.renumber else (),
            creates=(history.create,) if history.create else (),
            status=told,
        )
    steps = _steps(snapshot, pods.owned, history, current, now)
    deletes = tuple(steps.deletes[:BURST])
    acts = steps.patches or steps.creates or deletes
    if not acts:
        used = {revision_of(pod) for pod in pods.owned} | {view.status.current_revision}
        deletes = history.surplus(view.spec.revision_history_limit, used)
    return Plan(
        about=obj,
        patches=tuple(steps.patches),
        creates=steps.creates,
        deletes=deletes,
        deletes_first=True,
        status=None if acts else told,
        requeue_after=min(steps.waits, default=None),
        warnings=tuple(steps.warnings),
        notices=tuple(steps.notices),
    )


def _steps(
    snapshot: Snapshot, pods: Sequence[PodFacts], history: History, current: Revision, now: datetime
) -> _Steps:
    view = snapshot.view
    wanted = ordinals(view)
    by_ordinal = {ordinal_of(pod): pod for pod in pods}
    steps = _Steps()
    wait = next_availability(pods, view.spec.min_ready_seconds, now)
    if wait is not None:
        steps.waits.append(wait)
    for ordinal in in_turn(view, by_ordinal):
        pod = by_ordinal.get(ordinal)
        if pod is None:
            kept = ordinal - wanted.start < rolling.partition(view)
            _begin(snapshot, ordinal, current if kept else history.update, steps)
        else:
            _keep(snapshot, ordinal, pod, now, steps)
        if steps.blocked and is_ordered(view):
            return steps
    condemned = [by_ordinal[one] for one in sorted(by_ordinal) if one not in wanted]
    for pod in condemned:
        steps.patches += storage.retention(snapshot, pod)
    _shrink(snapshot, condemned, now, steps)
    acts = steps.patches or steps.creates or steps.deletes
    if not acts and not (steps.blocked and is_ordered(view)):
        replicas = [by_ordinal[one] for one in sorted(by_ordinal) if one in wanted]
        old = rolling.outdated(view, replicas, history.update.name, now)
        steps.deletes += [identity.delete(view, pod) for pod in old]
    return steps


def _begin(snapshot: Snapshot, ordinal: int, revision: Revision, steps: _Steps) -> None:
    """Make the pod of an ordinal that has none, or its claims: it is made when they are there."""
    name = identity.pod_name(snapshot.view, ordinal)
    steps.blocked = True
    if storage.is_stale(snapshot, ordinal, name):
        return
    leaving = storage.being_deleted(snapshot, ordinal)
    if leaving:
        report = identity.report(snapshot.view, "create", name)
        message = f"{report.failed_message}pvc {leaving} is being deleted"
        steps.warnings.append(Report(report.failed_reason, message))
        return
    lacking = list(storage.missing(snapshot, ordinal, name))
    steps.claims += lacking
    if not lacking:
        steps.pods.append(identity.create(snapshot, ordinal, revision))


def _keep(snapshot: Snapshot, ordinal: int, pod: PodFacts, now: datetime, steps: _Steps) -> None:
    """Give a pod what it lacks; replace one that has ended."""
    view = snapshot.view
    if pod.terminal:
        steps.blocked = True
        if not is_terminating(pod):
            _replace(snapshot, pod, now, steps)
        return
    if is_terminating(pod):
        steps.blocked = True
        return
    if pod.phase == "Pending" and not storage.being_deleted(snapshot, ordinal):
        steps.claims += storage.missing(snapshot, ordinal, pod.metadata.name)
    correction = identity.correction(pod)
    if correction is not None:
        steps.patches.append(correction)
    steps.patches += storage.retention(snapshot, pod)
    if is_ordered(view) and not is_available(view, pod, now):
        steps.blocked = True


def _replace(snapshot: Snapshot, pod: PodFacts, now: datetime, steps: _Steps) -> None:
    """Delete a pod that has ended, unless others of its ordinal did so just before."""
    wait = (snapshot.due.get(pod.metadata.uid, now) - now).total_seconds()
    if wait > 0:
        steps.waits.append(wait)
        return
    metadata = snapshot.view.metadata
    said = f"StatefulSet {metadata.namespace}/{metadata.name} is recreating"
    if pod.phase == "Failed":
        message = f"{said} failed Pod {pod.metadata.name}"
        steps.warnings.append(Report("RecreatingFailedPod", message))
    else:
        message = f"{said} terminated Pod {pod.metadata.name}"
        steps.notices.append(Report("RecreatingTerminatedPod", message))
    steps.deletes.append(identity.delete(snapshot.view, pod))


def _shrink(
    snapshot: Snapshot, condemned: Sequence[PodFacts], now: datetime, steps: _Steps
) -> None:
    """Delete pods of ordinals that are not wanted (given by rising ordinal), the last first."""
    view = snapshot.view
    ordered = is_ordered(view)
    # An ordered set waits for all of them but the first that is not available.
    waits_for_none = next((pod for pod in condemned if not is_available(view, pod, now)), None)
    for pod in reversed(condemned):
        if is_terminating(pod):
            steps.blocked = True
        elif not ordered or is_available(view, pod, now) or pod is waits_for_none:
            steps.deletes.append(identity.delete(view, pod))
        else:
            steps.blocked = True
        if ordered:
            return
