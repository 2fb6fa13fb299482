"""Whether a job is over, and why: the conditions that Kubernetes gives it, in its words. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from minikube8s.api.times import parse_time
from minikube8s.api.views import Job
from minikube8s.controllers.jobs.failures import meaning_of
from minikube8s.controllers.jobs.indexes import Indexes
from minikube8s.controllers.jobs.jobpod import JobPod
from minikube8s.controllers.jobs.model import is_failed
from minikube8s.controllers.jobs.tally import Tally

FAILURE, SUCCESS = "FailureTarget", "SuccessCriteriaMet"
_ENDINGS = {FAILURE: "Failed", SUCCESS: "Complete"}


class Verdict(NamedTuple):
    """What the job will end as, and why; the condition `type` is set before its pods are let go."""

    type: str
    reason: str
    message: str

    @property
    def ending(self) -> str:
        """The condition that the job has when all its pods have ended."""
        return _ENDINGS[self.type]

    @property
    def is_failure(self) -> bool:
        """Whether the job fails."""
        return self.type == FAILURE


def spoken(job: Job) -> Verdict | None:
    """Return the verdict that the job's status tells already."""
    told = job.condition(SUCCESS) or job.condition(FAILURE)
    return Verdict(told.type, told.reason, told.message) if told else None


def judge(job: Job, tally: Tally, pods: Iterable[JobPod], now: datetime) -> Verdict | None:
    """Return what the job's pods and the time say of it; None as long as it goes on."""
    why = _failed(job, tally, pods, now) or _failed_by_index(job, tally)
    if why is not None:
        return Verdict(FAILURE, *why)
    why = _success_policy(job, tally.done) or _completed(job, tally)
    return None if why is None else Verdict(SUCCESS, *why)


def seconds_left(job: Job, now: datetime) -> float | None:
    """Return how long the job may still be active; None when it may for ever.

    The time counts from the start, or from when the job was resumed.
    """
    deadline = job.spec.active_deadline_seconds
    if deadline is None or job.spec.suspend:
        return None
    begins = job.status.start_time is None or job.condition("Suspended") is not None
    start = now if begins else parse_time(job.status.start_time or "")
    return max(0.0, deadline - (now - start).total_seconds())


def _failed(
    job: Job, tally: Tally, pods: Iterable[JobPod], now: datetime
) -> tuple[str, str] | None:
    if job.spec.pod_failure_policy is not None:
        for pod in pods:
            message = meaning_of(pod, job).message if is_failed(pod, job) else ""
            if message:
                return "PodFailurePolicy", message
    if tally.failed > job.spec.backoff_limit or _restarted_too_often(job, tally.active):
        return "BackoffLimitExceeded", "Job has reached the specified backoff limit"
    if seconds_left(job, now) == 0:
        return "DeadlineExceeded", "Job was active longer than specified deadline"
    return None


def _restarted_too_often(job: Job, pods: Iterable[JobPod]) -> bool:
    if job.spec.template.spec.restart_policy != "OnFailure":
        return False
    restarts = sum(pod.restarts for pod in pods)
    return restarts > 0 and restarts >= job.spec.backoff_limit


def _failed_by_index(job: Job, tally: Tally) -> tuple[str, str] | None:
    if not tally.lost:
        return None
    most = job.spec.max_failed_indexes
    if most is not None and len(tally.lost) > most:
        why = "Job has exceeded the specified maximal number of failed indexes"
        return "MaxFailedIndexesExceeded", why
    if len(tally.lost | tally.done) >= (job.spec.completions or 0):
        return "FailedIndexes", "Job has failed indexes"
    return None


def _success_policy(job: Job, done: Indexes) -> tuple[str, str] | None:
    policy = job.spec.success_policy
    if policy is None or not len(done):
        return None
    for position, rule in enumerate(policy.rules):
        if rule.succeeded_indexes is None:
            met = rule.succeeded_count is not None and len(done) >= rule.succeeded_count
        else:
            wanted = Indexes.parse(rule.succeeded_indexes, job.spec.completions or 0)
            count = len(wanted) if rule.succeeded_count is None else rule.succeeded_count
            met = done.common(wanted) >= count
        if met:
            return "SuccessPolicy", f"Matched rules at index {position}"
    return None


def _completed(job: Job, tally: Tally) -> tuple[str, str] | None:
    if tally.active:
        return None
    wanted = job.spec.completions
    if tally.succeeded < (1 if wanted is None else wanted):
        return None
    return "CompletionsReached", "Reached expected number of succeeded pods"
