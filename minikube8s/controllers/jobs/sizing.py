"""Which pods a job needs and which are too many. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from minikube8s.api.resources import JOBS, PODS
from minikube8s.api.views import Job
from minikube8s.controllers.actions import Create, Report
from minikube8s.controllers.jobs import backoff
from minikube8s.controllers.jobs.failures import meaning_of
from minikube8s.controllers.jobs.jobpod import (
    FAILURES,
    FINALIZER,
    IGNORED_FAILURES,
    INDEX,
    JobPod,
)
from minikube8s.controllers.jobs.model import Snapshot, is_in_range
from minikube8s.controllers.jobs.tally import Tally
from minikube8s.controllers.replicas import victims
from minikube8s.controllers.templates import pod_of

BURST = 500
"""The most pods created or deleted by one plan; the rest follows with the next."""
CREATED = Report("SuccessfulCreate", "Created pod: {name}", "FailedCreate", "Error creating: ")
_INDEX_VARIABLE = "JOB_COMPLETION_INDEX"
_NAME_LENGTH = 58
"""What a generated name may begin with, in characters."""


@dataclass(frozen=True, slots=True)
class Change:
    """The pods to create and to give up, and the seconds until more of them may be created."""

    creates: tuple[Create, ...] = ()
    surplus: tuple[JobPod, ...] = ()
    wait: float | None = None


def change(snapshot: Snapshot, tally: Tally, pods: Sequence[JobPod], now: datetime) -> Change:
    """Return what brings a job that goes on to its size: creations or deletions, never both."""
    job = snapshot.job
    wanted = 0 if job.spec.suspend else _wanted(job, tally)
    surplus = _surplus(job, tally.active, len(tally.active) - wanted, now)
    if surplus or job.spec.suspend:
        return Change(surplus=surplus[:BURST])
    held = len(tally.terminating) if job.spec.pod_replacement_policy == "Failed" else 0
    missing = min(wanted - held - len(tally.active), BURST)
    if missing <= 0:
        return Change()
    if job.spec.backoff_limit_per_index is None:
        wait = backoff.wait(job, pods, now)
        if wait > 0:
            return Change(wait=wait)
    if not job.indexed:
        return Change(creates=(_create(snapshot, None, None),) * missing)
    return _of_indexes(snapshot, tally, missing, now)


def _wanted(job: Job, tally: Tally) -> int:
    if job.spec.completions is None:
        # Any success means that the work is done: what runs may end, nothing new begins.
        return len(tally.active) if tally.succeeded else job.spec.parallelism
    return max(0, min(job.spec.parallelism, job.spec.completions - tally.succeeded))


def _surplus(job: Job, active: Sequence[JobPod], count: int, now: datetime) -> tuple[JobPod, ...]:
    """Return pods to give up: those that nobody needs, and as many as there are too many."""
    useless: list[JobPod] = []
    if job.indexed:
        useless = _duplicates(job, active, now)
        gone = {pod.uid for pod in useless}
        active = [pod for pod in active if pod.uid not in gone]
    # One that is not tracked was being given up when somebody was interrupted.
    untracked = [pod for pod in active if not pod.tracked][: max(0, count - len(useless))]
    tracked = [pod for pod in active if pod.tracked]
    chosen = (*useless, *untracked)
    return (*chosen, *_victims(tracked, count - len(chosen), now))


def _duplicates(job: Job, active: Sequence[JobPod], now: datetime) -> list[JobPod]:
    """Return the pods of no index, and of each index all but the best."""
    useless, by_index = [], dict[int, list[JobPod]]()
    for pod in active:
        index = pod.index
        if index is None or not is_in_range(pod, job):
            useless.append(pod)
        else:
            by_index.setdefault(index, []).append(pod)
    for pods in by_index.values():
        useless += _victims(pods, len(pods) - 1, now)
    return useless


def _victims(pods: Sequence[JobPod], count: int, now: datetime) -> list[JobPod]:
    if count <= 0:
        return []
    by_uid = {pod.uid: pod for pod in pods}
    chosen = victims.choose([pod.facts for pod in pods], count, (), now)
    return [by_uid[one.metadata.uid] for one in chosen]


def _of_indexes(snapshot: Snapshot, tally: Tally, missing: int, now: datetime) -> Change:
    job = snapshot.job
    busy = [*tally.active]
    if job.spec.pod_replacement_policy == "Failed":
        busy += tally.terminating
    settled = tally.done if tally.lost is None else tally.done | tally.lost
    taken = {pod.index for pod in busy}
    free = (index for index in settled.missing(job.spec.completions or 0) if index not in taken)
    pending = list(islice(free, missing))
    if tally.lost is None:
        return Change(creates=tuple(_create(snapshot, index, None) for index in pending))
    waits = {index: backoff.wait_for_index(tally.delayed.get(index), now) for index in pending}
    creates = tuple(
        _create(snapshot, index, tally.delayed.get(index)) for index in pending if not waits[index]
    )
    return Change(
        creates=creates, wait=min((wait for wait in waits.values() if wait), default=None)
    )


def _create(snapshot: Snapshot, index: int | None, replaced: JobPod | None) -> Create:
    job, obj = snapshot.job, snapshot.object
    pod = pod_of(JOBS, obj, obj["spec"]["template"])
    metadata = pod["metadata"]
    finalizers = metadata.setdefault("finalizers", [])
    if FINALIZER not in finalizers:
        finalizers.append(FINALIZER)
    if index is not None:
        _give_index(pod, job.metadata.name, index)
        if job.spec.backoff_limit_per_index is not None:
            metadata["annotations"] |= _failures(job, replaced)
    return Create(PODS, job.metadata.namespace, pod, CREATED)


def _give_index(pod: dict[str, Any], job: str, index: int) -> None:
    metadata, spec = pod["metadata"], pod["spec"]
    end = f"-{index}-"
    metadata["generateName"] = job[: _NAME_LENGTH - len(end)] + end
    metadata["annotations"] = {**metadata.get("annotations", {}), INDEX: str(index)}
    metadata["labels"] = {**metadata.get("labels", {}), INDEX: str(index)}
    spec["hostname"] = f"{job}-{index}"
    path = {"fieldRef": {"fieldPath": f"metadata.labels['{INDEX}']"}}
    for container in (*(spec.get("initContainers") or ()), *(spec.get("containers") or ())):
        environment = container.setdefault("env", [])
        if all(variable["name"] != _INDEX_VARIABLE for variable in environment):
            environment.append({"name": _INDEX_VARIABLE, "valueFrom": path})


def _failures(job: Job, replaced: JobPod | None) -> dict[str, str]:
    """Return what the next pod of an index knows of those before it."""
    failed, ignored = 0, 0
    if replaced is not None:
        counts = meaning_of(replaced, job).counts
        failed = replaced.failures + counts
        ignored = replaced.ignored_failures + (not counts)
    told = {FAILURES: str(failed)}
    return {**told, IGNORED_FAILURES: str(ignored)} if ignored else told
