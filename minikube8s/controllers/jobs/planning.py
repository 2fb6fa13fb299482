"""The plan for one look at a job. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from minikube8s.api.meta import set_condition
from minikube8s.api.resources import JOBS, PODS
from minikube8s.api.selectors import from_label_selector
from minikube8s.api.times import now_rfc3339
from minikube8s.api.views import Job
from minikube8s.controllers.actions import (
    NOTHING,
    Delete,
    Patch,
    Plan,
    Ref,
    Report,
    SetStatus,
    ref,
)
from minikube8s.controllers.claims import claim
from minikube8s.controllers.jobs.jobpod import FINALIZER, JobPod
from minikube8s.controllers.jobs.model import Snapshot
from minikube8s.controllers.jobs.sizing import BURST, Change, change
from minikube8s.controllers.jobs.tally import Tally, tally
from minikube8s.controllers.jobs.tracking import record, untracked
from minikube8s.controllers.jobs.verdict import Verdict, judge, seconds_left, spoken

DELETED = Report("SuccessfulDelete", "Deleted pod: {name}", "FailedDelete", "Error deleting: ")
_COUNTERS = ("active", "succeeded", "failed", "completedIndexes")
"""What a status leaves out when it is zero."""


def plan(snapshot: Snapshot, now: datetime, failure: str = "") -> Plan:
    """Plan one look: adopt; else say how the job ends; else bring it to its size or its end."""
    job = snapshot.job
    selector = from_label_selector(job.spec.selector)
    if selector.empty:
        return NOTHING
    claims = claim(JOBS, snapshot.object, selector, PODS, snapshot.pods)
    if job.ending is not None:
        return _after_the_end(job, snapshot.pods)
    if claims.patches:
        return Plan(about=snapshot.object, patches=_with_finalizers(claims.patches, snapshot))
    pods = claims.owned
    sums = tally(job, pods)
    told = spoken(job)
    verdict = told or judge(job, sums, pods, now)
    due = Change()
    if verdict is None and not failure and job.metadata.deletion_timestamp is None:
        due = change(snapshot, sums, pods, now)
    surplus = due.surplus if told is None or failure else sums.active[:BURST]
    written = record(job, sums, pods, told, letting_go=not failure)
    # What a job fails with counts as failed; what it does not need any more is let go before.
    let_go = surplus if told is None or not told.is_failure else ()
    free = {pod.uid: pod for pod in (*written.let_go, *let_go) if pod.tracked}
    waits = [wait for wait in (due.wait, None if verdict else seconds_left(job, now)) if wait]
    return Plan(
        about=snapshot.object,
        patches=tuple(untracked(pod) for pod in free.values()),
        creates=due.creates,
        deletes=tuple(Delete(_whatever(pod), report=DELETED) for pod in surplus),
        status=_status(
            snapshot,
            sums,
            now,
            counters={
                **written.status,
                "active": len(sums.active) + len(due.creates) - len(surplus),
                "ready": sums.ready - sum(pod.facts.ready for pod in surplus),
                "terminating": len(sums.terminating)
                + sum(bool(pod.facts.node) or not let_go for pod in surplus),
            },
            verdict=verdict,
            over=told is not None
            and written.complete
            and not (failure or sums.active or sums.terminating),
        ),
        requeue_after=min(waits, default=None),
    )


def _after_the_end(job: Job, pods: Iterable[JobPod]) -> Plan:
    """Return what is done of a finished job: pods that came too late are let go."""
    patches = tuple(untracked(pod) for pod in pods if pod.tracked and _is_owned(pod, job))
    return Plan(patches=patches) if patches else NOTHING


def _is_owned(pod: JobPod, job: Job) -> bool:
    controller = pod.metadata.controller
    return controller is not None and controller.uid == job.metadata.uid


def _with_finalizers(patches: Iterable[Patch], snapshot: Snapshot) -> tuple[Patch, ...]:
    """Add to adoptions that the pod is tracked, and to releases that it is no more."""
    pods = {pod.metadata.name: pod for pod in snapshot.pods}
    return tuple(_with_finalizer(one, pods[one.target.name], snapshot.job) for one in patches)


def _with_finalizer(patch: Patch, pod: JobPod, job: Job) -> Patch:
    metadata = patch.patch["metadata"]
    owners = metadata["ownerReferences"] or ()
    finalizers = [one for one in pod.finalizers if one != FINALIZER]
    if any(owner["uid"] == job.metadata.uid for owner in owners):
        finalizers.append(FINALIZER)
    return Patch(patch.target, {"metadata": {**metadata, "finalizers": finalizers or None}})


def _whatever(pod: JobPod) -> Ref:
    """Return a reference to the pod in whatever revision: it may just have been let go."""
    metadata = pod.metadata
    return Ref(PODS, metadata.namespace, metadata.name, metadata.uid, "")


def _status(
    snapshot: Snapshot,
    sums: Tally,
    now: datetime,
    *,
    counters: dict[str, Any],
    verdict: Verdict | None,
    over: bool,
) -> SetStatus | None:
    job, obj = snapshot.job, snapshot.object
    current = obj.get("status") or {}
    time = now_rfc3339(now)
    fresh = {**current, **counters}
    fresh["conditions"] = [dict(one) for one in current.get("conditions") or ()]
    warnings: list[Report] = []
    notices: list[Report] = []
    if not job.spec.suspend:
        fresh.setdefault("startTime", time)
    if verdict is not None:
        _set(fresh, verdict.type, "True", verdict, time)
        if over:
            _set(fresh, verdict.ending, "True", verdict, time)
            if verdict.is_failure:
                warnings.append(Report(verdict.reason, verdict.message))
            else:
                fresh["completionTime"] = time
                warnings += _too_many(job, sums)
                notices.append(Report("Completed", "Job completed"))
    elif job.metadata.deletion_timestamp is None:
        notices += _suspension(job, fresh, time)
    for name in (*_COUNTERS, "conditions"):
        if not fresh.get(name):
            fresh.pop(name, None)
    if fresh == current:
        return None
    return SetStatus(ref(JOBS, obj), fresh, warnings=tuple(warnings), notices=tuple(notices))


def _suspension(job: Job, status: dict[str, Any], time: str) -> list[Report]:
    """Set the condition Suspended; one that never was suspended has none."""
    suspended = job.condition("Suspended") is not None
    if suspended == job.spec.suspend:
        return []
    if job.spec.suspend:
        _set(status, "Suspended", "True", Verdict("", "JobSuspended", "Job suspended"), time)
        return [Report("Suspended", "Job suspended")]
    _set(status, "Suspended", "False", Verdict("", "JobResumed", "Job resumed"), time)
    status["startTime"] = time
    return [Report("Resumed", "Job resumed")]


def _too_many(job: Job, sums: Tally) -> list[Report]:
    wanted = job.spec.completions
    if wanted is None or sums.succeeded <= wanted:
        return []
    why = "Too many succeeded pods running after completion count reached"
    return [Report("TooManySucceededPods", why)]


def _set(status: dict[str, Any], type: str, value: str, why: Verdict, time: str) -> None:
    changed = set_condition(status, type, value, now=time, reason=why.reason, message=why.message)
    if changed:
        condition = next(one for one in status["conditions"] if one["type"] == type)
        condition["lastProbeTime"] = time
