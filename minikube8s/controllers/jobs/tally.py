"""What a job's pods add up to, whether their ends are written down yet or not. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from minikube8s.api.views import Job
from minikube8s.api.views.batch import UncountedTerminatedPods
from minikube8s.controllers.jobs.failures import fails_index, meaning_of
from minikube8s.controllers.jobs.indexes import Indexes
from minikube8s.controllers.jobs.jobpod import JobPod
from minikube8s.controllers.jobs.model import is_failed, is_in_range

NONE_UNCOUNTED = UncountedTerminatedPods()


@dataclass(frozen=True, slots=True)
class Tally:
    """The pods sorted by what they are to their job.

    New is an end that no status tells yet; `delayed` are failed pods whose number of failures is
    still to be handed on to the next pod of their index. `done` and `lost` are indexes.
    """

    active: tuple[JobPod, ...]
    terminating: tuple[JobPod, ...]
    new_successes: tuple[JobPod, ...]
    new_failures: tuple[JobPod, ...]
    succeeded: int
    failed: int
    done: Indexes
    lost: Indexes | None
    delayed: Mapping[int, JobPod]

    @property
    def ready(self) -> int:
        """How many active pods are ready."""
        return sum(pod.facts.ready for pod in self.active)


def uncounted_of(job: Job) -> UncountedTerminatedPods:
    """Return the pods that the status names and its counters do not count yet."""
    return job.status.uncounted_terminated_pods or NONE_UNCOUNTED


def known_indexes(job: Job) -> Indexes:
    """Return the indexes that the status says are done; a job that shrank forgets the others."""
    if not job.indexed:
        return Indexes()
    return Indexes.parse(job.status.completed_indexes, job.spec.completions or 0)


def tally(job: Job, pods: Sequence[JobPod]) -> Tally:
    """Sort a job's pods."""
    uncounted = uncounted_of(job)
    told = {*uncounted.succeeded, *uncounted.failed}
    fresh = [pod for pod in pods if pod.tracked and pod.uid not in told and is_in_range(pod, job)]
    known = known_indexes(job)
    successes = tuple(
        pod
        for pod in fresh
        if pod.phase == "Succeeded" and not (job.indexed and (pod.index or 0) in known)
    )
    # Once the job has failed, what was deleted for that has failed, whatever becomes of it.
    lost_cause = job.condition("FailureTarget") is not None
    failures = tuple(
        pod
        for pod in fresh
        if (is_failed(pod, job) or (lost_cause and pod.deleting and not pod.terminal))
        and meaning_of(pod, job).counts
    )
    done = known.with_these(_indexes(successes)) if job.indexed else known
    succeeded = len(done)
    if not job.indexed:
        succeeded = job.status.succeeded + len(uncounted.succeeded) + len(successes)
    active = tuple(pod for pod in pods if pod.active)
    lost = _lost(job, pods)
    return Tally(
        active=active,
        terminating=tuple(pod for pod in pods if pod.deleting and not pod.terminal),
        new_successes=successes,
        new_failures=failures,
        succeeded=succeeded,
        failed=job.status.failed + len(uncounted.failed) + len(failures),
        done=done,
        lost=lost,
        delayed={} if lost is None else _delayed(job, pods, active, done | lost),
    )


def _indexes(pods: Iterable[JobPod]) -> list[int]:
    return [pod.index for pod in pods if pod.index is not None]


def _lost(job: Job, pods: Sequence[JobPod]) -> Indexes | None:
    """Return the indexes that nobody will try again; None where failures are not told by index."""
    if not job.indexed or job.spec.backoff_limit_per_index is None:
        return None
    failed = [
        pod
        for pod in pods
        if is_failed(pod, job) and is_in_range(pod, job) and fails_index(pod, job)
    ]
    known = Indexes.parse(job.status.failed_indexes or "", job.spec.completions or 0)
    return known.with_these(_indexes(failed))


def _delayed(
    job: Job, pods: Sequence[JobPod], active: Iterable[JobPod], settled: Indexes
) -> dict[int, JobPod]:
    """Return for each index that waits for another pod the one that failed last."""
    taken = set(_indexes(active))
    found: dict[int, JobPod] = {}
    for pod in pods:
        index = pod.index
        if index is None or index in taken or index in settled:
            continue
        if not (pod.tracked and is_failed(pod, job) and is_in_range(pod, job)):
            continue
        if index not in found or _rank(found[index]) <= _rank(pod):
            found[index] = pod
    return found


def _rank(pod: JobPod) -> tuple[int, datetime]:
    return pod.failures + pod.ignored_failures, pod.ended_at
