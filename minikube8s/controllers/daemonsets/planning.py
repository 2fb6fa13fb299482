"""The plan for a DaemonSet: one look, the next steps. Pure.

First every node gets or loses what it shall have or not have; only then is anything updated.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from minikube8s.api.resources import CONTROLLERREVISIONS, DAEMONSETS, PODS
from minikube8s.api.selectors import from_label_selector
from minikube8s.controllers import revisions
from minikube8s.controllers.actions import NOTHING, Delete, Plan, Report, view_ref
from minikube8s.controllers.claims import claim
from minikube8s.controllers.daemonsets import rolling, status
from minikube8s.controllers.daemonsets.model import Place, Round, Snapshot, places
from minikube8s.controllers.daemonsets.placement import create
from minikube8s.controllers.podfacts import PodFacts, next_availability
from minikube8s.controllers.revisions import POD_LABEL

BURST = 250
"""The most pods created or deleted by one plan; the rest follows with the next."""
DELETED = Report("SuccessfulDelete", "Deleted pod: {name}", "FailedDelete", "Error deleting: ")


@dataclass(slots=True)
class _Steps:
    """The plan in the making."""

    nodes: list[str] = field(default_factory=list)
    """Those that get a pod."""
    leaving: list[PodFacts] = field(default_factory=list)
    warnings: list[Report] = field(default_factory=list)
    notices: list[Report] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)


def plan(snapshot: Snapshot, now: datetime, failure: str = "") -> Plan:
    """Plan one look. With anything else to write the status waits for the look that follows."""
    obj, view = snapshot.object, snapshot.view
    selector = from_label_selector(view.spec.selector)
    if selector.empty:
        return NOTHING
    pods = claim(DAEMONSETS, obj, selector, PODS, snapshot.pods)
    owned = claim(DAEMONSETS, obj, selector, CONTROLLERREVISIONS, snapshot.revisions)
    history = revisions.history(
        DAEMONSETS, obj, view.status.collision_count, owned.owned, snapshot.namesake
    )
    look = Round(view, history.update.digest, places(snapshot, pods.owned), now)
    told = status.change(snapshot, look)
    wait = next_availability(pods.owned, view.spec.min_ready_seconds, now)
    if view.metadata.deletion_timestamp is not None or failure:
        return Plan(about=obj, status=told, requeue_after=wait)
    if pods.patches or owned.patches:
        return Plan(about=obj, patches=pods.patches + owned.patches)
    if history.collides:
        return Plan(status=status.change(snapshot, look, view.status.collision_count + 1))
    if history.create or history.renumber:
        return Plan(
            about=obj,
            patches=(history.renumber,) if history.renumber else (),
            creates=(history.create,) if history.create else (),
        )
    steps = _steps(snapshot, look, pods.owned)
    if wait is not None:
        steps.waits.append(wait)
    creates = tuple(create(obj, node, history.update) for node in steps.nodes[:BURST])
    deletes = tuple(
        Delete(view_ref(PODS, pod.metadata), report=DELETED) for pod in steps.leaving[:BURST]
    )
    acts = creates or deletes
    if not acts:
        hashes = {pod.metadata.labels.get(POD_LABEL, "") for pod in pods.owned}
        used = {f"{view.metadata.name}-{digest}" for digest in hashes}
        deletes = history.surplus(view.spec.revision_history_limit, used)
    return Plan(
        about=obj,
        creates=creates,
        deletes=deletes,
        deletes_first=True,
        status=None if acts else told,
        requeue_after=min(steps.waits, default=None),
        warnings=tuple(steps.warnings),
        notices=tuple(steps.notices),
    )


def _steps(snapshot: Snapshot, look: Round, pods: Sequence[PodFacts]) -> _Steps:
    steps = _Steps()
    for place in look.places:
        if place.verdict.runs and not place.pods:
            steps.nodes.append(place.node)
        elif place.verdict.keeps:
            _tidy(snapshot, look, place, steps)
        else:
            steps.leaving += place.staying
    known = {"", *(place.node for place in look.places)}
    steps.leaving += [
        pod
        for pod in pods
        if not pod.node
        and pod.metadata.deletion_timestamp is None
        and snapshot.home_of(pod) not in known
    ]
    if not (steps.nodes or steps.leaving):
        moves = rolling.moves(look)
        steps.nodes, steps.leaving = moves.nodes, moves.leaving
    return steps


def _tidy(snapshot: Snapshot, look: Round, place: Place, steps: _Steps) -> None:
    """Take away a node's pods that have ended, and those that are too many."""
    running = []
    for pod in place.staying:
        if pod.terminal:
            _clear(snapshot, place, pod, look.now, steps)
        else:
            running.append(pod)
    if not rolling.surges(look.view):
        steps.leaving += running[1:]
        return
    new = [pod for pod in running if look.is_updated(pod)]
    old = [pod for pod in running if not look.is_updated(pod)]
    steps.leaving += new[1:] + old[1:]
    if new and old and (not old[0].ready or look.is_available(new[0])):
        steps.leaving.append(old[0])


def _clear(snapshot: Snapshot, place: Place, pod: PodFacts, now: datetime, steps: _Steps) -> None:
    """Delete a pod that has ended; one that failed when its time has come."""
    name = f"{pod.metadata.namespace}/{pod.metadata.name}"
    if pod.phase == "Succeeded":
        message = f"Found succeeded daemon pod {name} on node {place.node}, will try to delete it"
        steps.notices.append(Report("SucceededDaemonPod", message))
        steps.leaving.append(pod)
        return
    due = snapshot.due.get(pod.metadata.uid)
    if due is None:
        return
    if due > now:
        steps.waits.append((due - now).total_seconds())
        return
    message = f"Found failed daemon pod {name} on node {place.node}, will try to kill it"
    steps.warnings.append(Report("FailedDaemonPod", message))
    steps.leaving.append(pod)
