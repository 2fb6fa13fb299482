"""What a job's plans know of a pod, kept with each revision of it.

A job of a thousand pods looks at all of them at each look; the whole view of a pod is dropped soon
after it was asked for, these few facts stay.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec

from minikube8s.api.times import parse_time
from minikube8s.api.views import ObjectMeta, Pod
from minikube8s.controllers.jobs.indexes import number
from minikube8s.controllers.podfacts import PodFacts, facts_of
from minikube8s.store.entry import Entry

FINALIZER = "batch.kubernetes.io/job-tracking"
"""Keeps an ended pod until its end is written down in the job's status."""
INDEX = "batch.kubernetes.io/job-completion-index"
FAILURES = "batch.kubernetes.io/job-index-failure-count"
IGNORED_FAILURES = "batch.kubernetes.io/job-index-ignored-failure-count"
_BEGINNING = datetime.min.replace(tzinfo=UTC)


class JobPod(msgspec.Struct, frozen=True, gc=False):
    """One revision of a pod, as far as jobs are concerned."""

    facts: PodFacts
    finalizers: tuple[str, ...]
    index: int | None
    """What the pod works on."""
    failures: int
    """How many pods of the same index had failed before this one, and counted."""
    ignored_failures: int
    """How many of them had failed and did not count."""
    restarts: int
    """Of all containers together."""
    ended_at: datetime
    """When it ended, as well as that is known; of a pod that runs, when it was made."""
    exits: tuple[tuple[str, int], ...]
    """The containers that failed, init containers last, and their exit codes."""
    conditions: tuple[tuple[str, str], ...]
    """Type and status."""

    @property
    def metadata(self) -> ObjectMeta:
        """Without annotations and finalizers."""
        return self.facts.metadata

    @property
    def uid(self) -> str:
        """The pod's uid."""
        return self.facts.metadata.uid

    @property
    def phase(self) -> str:
        """The pod's phase."""
        return self.facts.phase

    @property
    def active(self) -> bool:
        """Whether the pod runs or will run: neither ended nor being deleted."""
        return self.facts.active

    @property
    def terminal(self) -> bool:
        """Whether the pod has ended for good."""
        return self.facts.terminal

    @property
    def deleting(self) -> bool:
        """Whether somebody deleted the pod."""
        return self.facts.metadata.deletion_timestamp is not None

    @property
    def tracked(self) -> bool:
        """Whether the pod's end is not, or not surely, written down yet."""
        return FINALIZER in self.finalizers


def job_pod(entry: Entry) -> JobPod:
    """Return the facts of a pod's entry."""
    return entry.digest(_of_entry)


def job_pod_of(pod: Pod) -> JobPod:
    """Return the facts of a pod."""
    notes, statuses = pod.metadata.annotations, pod.status.container_statuses
    every = (*statuses, *pod.status.init_container_statuses)
    ends = ((one.name, one.state.terminated) for one in every)
    return JobPod(
        facts=facts_of(pod),
        finalizers=pod.metadata.finalizers,
        index=number(notes.get(INDEX, "")),
        failures=number(notes.get(FAILURES, "")) or 0,
        ignored_failures=number(notes.get(IGNORED_FAILURES, "")) or 0,
        restarts=sum(one.restart_count for one in every),
        ended_at=_end(pod),
        exits=tuple((name, end.exit_code) for name, end in ends if end and end.exit_code),
        conditions=tuple((one.type, one.status) for one in pod.status.conditions),
    )


def _of_entry(entry: Entry) -> JobPod:
    return job_pod_of(entry.view(Pod))


def _end(pod: Pod) -> datetime:
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
    return parse_time(created) if created else _BEGINNING
