"""What a plan for a job is made from, and the small questions asked of a job's pods. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from minikube8s.api.times import parse_time
from minikube8s.api.views import Job, Pod

FINALIZER = "batch.kubernetes.io/job-tracking"
"""Keeps an ended pod until its end is written down in the job's status."""
INDEX = "batch.kubernetes.io/job-completion-index"
FAILURES = "batch.kubernetes.io/job-index-failure-count"
IGNORED_FAILURES = "batch.kubernetes.io/job-index-ignored-failure-count"
MANAGER = "kubernetes.io/job-controller"
"""What spec.managedBy says of jobs that are ours."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A job, and the pods that it has or may adopt."""

    job: Job
    object: Mapping[str, Any]
    pods: tuple[Pod, ...]


def is_ours(job: Job) -> bool:
    """Tell whether no other controller was asked to run the job."""
    return job.spec.managed_by in (None, MANAGER)


def is_tracked(pod: Pod) -> bool:
    """Tell whether the pod's end is not, or not surely, written down yet."""
    return FINALIZER in pod.metadata.finalizers


def is_deleting(pod: Pod) -> bool:
    """Tell whether somebody deleted the pod."""
    return pod.metadata.deletion_timestamp is not None


def is_failed(pod: Pod, job: Job) -> bool:
    """Tell whether the pod counts as failed: a deleted one may do so before it has ended."""
    if pod.status.phase == "Failed":
        return True
    early = job.spec.pod_replacement_policy == "TerminatingOrFailed"
    return early and is_deleting(pod) and pod.status.phase != "Succeeded"


def index_of(pod: Pod) -> int | None:
    """Return the index that the pod works on."""
    text = pod.metadata.annotations.get(INDEX, "")
    return int(text) if text.isdecimal() else None


def is_in_range(pod: Pod, job: Job) -> bool:
    """Tell whether the pod works on something that the job wants done."""
    if not job.indexed:
        return True
    index = index_of(pod)
    return index is not None and index < (job.spec.completions or 0)


def failures_of(pod: Pod) -> int:
    """Return how many pods of the same index had failed before this one, and counted."""
    return _number(pod, FAILURES)


def attempts_of(pod: Pod) -> int:
    """Return how many pods of the same index had failed before this one, ignored ones, too."""
    return _number(pod, FAILURES) + _number(pod, IGNORED_FAILURES)


def ignored_failures_of(pod: Pod) -> int:
    """Return how many failures of earlier pods of the same index were ignored."""
    return _number(pod, IGNORED_FAILURES)


def _number(pod: Pod, annotation: str) -> int:
    text = pod.metadata.annotations.get(annotation, "")
    return int(text) if text.isdecimal() else 0


def ended_at(pod: Pod) -> datetime:
    """Return when the pod ended, as well as that is known."""
    statuses = pod.status.container_statuses
    ends = [one.state.terminated.finished_at for one in statuses if one.state.terminated]
    if ends and len(ends) == len(statuses) and all(ends):
        return max(parse_time(end) for end in ends if end)
    for condition in pod.status.conditions:
        if condition.type == "Ready" and condition.status == "False":
            if condition.last_transition_time:
                return parse_time(condition.last_transition_time)
            break
    if pod.metadata.deletion_timestamp is not None:
        grace = pod.metadata.deletion_grace_period_seconds or 0
        return parse_time(pod.metadata.deletion_timestamp) - timedelta(seconds=grace)
    created = pod.metadata.creation_timestamp
    return parse_time(created) if created else datetime.min.replace(tzinfo=UTC)
