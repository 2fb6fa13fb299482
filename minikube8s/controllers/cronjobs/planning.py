"""The plan for one look at a CronJob. Pure."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

from minikube8s.api.cron import ScheduleError, parse
from minikube8s.api.meta import owner_reference
from minikube8s.api.resources import CRONJOBS, JOBS
from minikube8s.api.times import now_rfc3339
from minikube8s.api.views import Job
from minikube8s.controllers.actions import Create, Delete, Plan, Report, view_ref
from minikube8s.controllers.cronjobs.history import outdated
from minikube8s.controllers.cronjobs.model import SCHEDULED, Snapshot, job_name
from minikube8s.controllers.cronjobs.status import running, status, unexpected
from minikube8s.controllers.cronjobs.timing import Times, times

LONGEST_WAIT = 600.0
"""Seconds. Timers do not see that a machine slept or that somebody set its clock."""
CREATED = Report("SuccessfulCreate", "Created job {name}", "FailedCreate", "Error creating job: ")
DELETED = Report("SuccessfulDelete", "Deleted job {name}", "FailedDelete", "Deleted job: ")
_TOO_MANY = Report(
    "TooManyMissedTimes",
    "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock"
    " skew",
)
_ACTIVE = Report(
    "JobAlreadyActive",
    "Not starting job because prior execution is running and concurrency policy is Forbid",
)


@dataclass(frozen=True, slots=True)
class Start:
    """What the schedule leads to now: a time to start, jobs to end before, what to tell."""

    time: datetime | None = None
    create: bool = False
    replaced: tuple[Job, ...] = ()
    warnings: tuple[Report, ...] = ()
    notices: tuple[Report, ...] = ()
    wait: float | None = None


def plan(snapshot: Snapshot, now: datetime, failure: str = "") -> Plan:
    """Plan one look: start what is due, remove what is too old, and tell how it is."""
    deleting = snapshot.cronjob.metadata.deletion_timestamp is not None
    start = Start() if deleting else _start(snapshot, now)
    old = () if deleting else tuple(outdated(snapshot.cronjob, snapshot.jobs))
    deletes = () if failure else (*start.replaced, *old)
    started = None if failure else start.time
    creates = (_job(snapshot, start.time),) if start.create and start.time else ()
    return Plan(
        about=snapshot.object,
        creates=creates,
        deletes=tuple(
            Delete(view_ref(JOBS, job.metadata), propagation="Background", report=DELETED)
            for job in deletes
        ),
        deletes_first=True,
        status=status(snapshot, started, {job.metadata.uid for job in deletes}),
        requeue_after=start.wait,
        warnings=(*unexpected(snapshot), *start.warnings),
        notices=start.notices,
    )


def _start(snapshot: Snapshot, now: datetime) -> Start:
    spec = snapshot.cronjob.spec
    if snapshot.zone is None:
        story = f'invalid timeZone: "{spec.time_zone}": unknown time zone {spec.time_zone}'
        return Start(warnings=(Report("UnknownTimeZone", story),))
    if spec.suspend:
        return Start()
    try:
        schedule = parse(spec.schedule)
    except ScheduleError as error:
        story = f'unparseable schedule: "{spec.schedule}" : {error}'
        return Start(warnings=(Report("UnparseableSchedule", story),))
    found = times(snapshot.cronjob, schedule, snapshot.zone, now)
    if found is None:
        why = "time difference between two schedules is less than 1 second"
        story = f"invalid schedule: {spec.schedule} : {why}"
        return Start(warnings=(Report("InvalidSchedule", story),))
    wait = min(LONGEST_WAIT, max(0.0, (found.next - now).total_seconds()))
    return _start_due(snapshot, found, wait)


def _start_due(snapshot: Snapshot, found: Times, wait: float) -> Start:
    if found.due is None:
        return Start(wait=wait)
    policy, active = snapshot.cronjob.spec.concurrency_policy, running(snapshot)
    warnings = (_TOO_MANY,) if found.many_missed else ()
    if job_name(snapshot.cronjob, found.due) in {job.metadata.name for job in snapshot.jobs}:
        # Times that are seconds apart can share a name, which is taken.
        return Start(found.due, wait=wait)
    if active and policy == "Forbid":
        return Start(notices=(_ACTIVE,), warnings=warnings, wait=wait)
    if active and policy == "Replace":
        # The new job is started by the look that the end of the last one leads to.
        return Start(replaced=tuple(active), wait=wait)
    return Start(found.due, create=True, warnings=warnings, wait=wait)


def _job(snapshot: Snapshot, time: datetime) -> Create:
    obj = snapshot.object
    template = obj["spec"]["jobTemplate"]
    source = template.get("metadata") or {}
    told = {SCHEDULED: _local(time, snapshot.zone)}
    metadata: dict[str, Any] = {
        "name": job_name(snapshot.cronjob, time),
        "ownerReferences": [owner_reference(CRONJOBS, obj)],
        "annotations": {**(source.get("annotations") or {}), **told},
    }
    if source.get("labels"):
        metadata["labels"] = dict(source["labels"])
    body = {
        "apiVersion": JOBS.api_version,
        "kind": JOBS.kind,
        "metadata": metadata,
        "spec": copy.deepcopy(template.get("spec") or {}),
    }
    return Create(JOBS, snapshot.cronjob.metadata.namespace, body, CREATED)


def _local(time: datetime, zone: tzinfo | None) -> str:
    """Return the time as RFC 3339, on the clock of the schedule's zone."""
    local = time.astimezone(zone)
    return now_rfc3339(time) if not local.utcoffset() else local.isoformat(timespec="seconds")
