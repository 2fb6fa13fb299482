"""How the end of every pod gets into the job's counters exactly once. Pure.

First the status names the pod (its uid in uncountedTerminatedPods, or its index in
completedIndexes), then the pod's finalizer is taken away, then it is counted and its uid goes. Who
is interrupted sees by uid and finalizer how far it came.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from minikube8s.api.resources import PODS
from minikube8s.api.views import Job
from minikube8s.controllers.actions import Patch, view_ref
from minikube8s.controllers.jobs.jobpod import FINALIZER, JobPod
from minikube8s.controllers.jobs.model import is_failed
from minikube8s.controllers.jobs.tally import Tally, known_indexes, uncounted_of
from minikube8s.controllers.jobs.verdict import Verdict

MOST_UNCOUNTED = 500
"""The most pods that a status names at a time, and the most finalizers that one plan takes away."""


@dataclass(frozen=True, slots=True)
class Record:
    """What is written about ended pods: which are let go now, and what the status says then."""

    let_go: tuple[JobPod, ...]
    status: dict[str, Any]
    complete: bool
    """Whether nothing is left to write about any pod."""


def untracked(pod: JobPod) -> Patch:
    """Return the write that lets go of a pod."""
    rest = [one for one in pod.finalizers if one != FINALIZER]
    return Patch(view_ref(PODS, pod.metadata), {"metadata": {"finalizers": rest or None}})


def record(
    job: Job, tally: Tally, pods: Sequence[JobPod], spoken: Verdict | None, *, letting_go: bool
) -> Record:
    """Return what is due of the three steps, of as many pods as there is room for.

    Without `letting_go` every pod keeps its finalizer: what is written is the status alone.
    """
    let_go = _settled(job, tally, pods, spoken) if letting_go else ()
    freed = {pod.uid for pod in let_go}
    kept = {pod.uid for pod in pods if pod.tracked} - freed
    before = uncounted_of(job)
    succeeded = [uid for uid in before.succeeded if uid in kept]
    failed = [uid for uid in before.failed if uid in kept]
    room = max(0, MOST_UNCOUNTED - len(succeeded) - len(failed))
    fine = tally.new_successes[:room]
    broken = tally.new_failures[: room - len(fine)]
    status: dict[str, Any] = {"failed": job.status.failed + len(before.failed) - len(failed)}
    if job.indexed:
        done = known_indexes(job).with_these(_indexes(fine))
        status |= {"succeeded": len(done), "completedIndexes": str(done)}
    else:
        counted = len(before.succeeded) - len(succeeded)
        status["succeeded"] = job.status.succeeded + counted
        succeeded += [pod.uid for pod in fine]
    if tally.lost is not None:
        status["failedIndexes"] = str(tally.lost)
    delayed = _delayed(tally, spoken)
    failed += [pod.uid for pod in broken if pod.uid not in delayed]
    lists = {"succeeded": succeeded, "failed": failed}
    status["uncountedTerminatedPods"] = {name: uids for name, uids in lists.items() if uids}
    return Record(let_go, status, complete=not (kept or succeeded or failed))


def _indexes(pods: Iterable[JobPod]) -> list[int]:
    return [pod.index for pod in pods if pod.index is not None]


def _settled(
    job: Job, tally: Tally, pods: Sequence[JobPod], spoken: Verdict | None
) -> tuple[JobPod, ...]:
    """Return the tracked pods about which nothing is left to write."""
    uncounted = uncounted_of(job)
    told = {*uncounted.succeeded, *uncounted.failed}
    news = {pod.uid for pod in (*tally.new_successes, *tally.new_failures)}
    delayed = _delayed(tally, spoken)
    settled = []
    for pod in pods:
        uid = pod.uid
        if not pod.tracked or uid in news:
            continue
        over = job.metadata.deletion_timestamp is not None or pod.phase == "Succeeded"
        if spoken is not None:
            over = over or pod.terminal or pod.deleting
        elif is_failed(pod, job):
            over = over or uid not in delayed
        if over or uid in told:
            settled.append(pod)
    return tuple(settled[:MOST_UNCOUNTED])


def _delayed(tally: Tally, spoken: Verdict | None) -> set[str]:
    """Return the failed pods that still have to hand on how often their index has failed."""
    return set() if spoken else {pod.uid for pod in tally.delayed.values()}
