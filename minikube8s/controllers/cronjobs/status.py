"""What a CronJob's status says of its jobs. Pure."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from minikube8s.api.resources import CRONJOBS, JOBS
from minikube8s.api.times import now_rfc3339, parse_time
from minikube8s.api.views import Job
from minikube8s.controllers.actions import Report, SetStatus, ref
from minikube8s.controllers.cronjobs.model import Snapshot, is_deleting, scheduled_for


def running(snapshot: Snapshot) -> list[Job]:
    """Return the jobs that the schedule started and that are not over, nor being deleted."""
    cronjob = snapshot.cronjob
    known = {one.uid for one in cronjob.status.active}
    return [
        job
        for job in snapshot.jobs
        if job.ending is None
        and not is_deleting(job)
        and (job.metadata.uid in known or scheduled_for(cronjob, job) is not None)
    ]


def unexpected(snapshot: Snapshot) -> tuple[Report, ...]:
    """Return the warnings about jobs that run and that the schedule did not start."""
    known = {one.metadata.uid for one in running(snapshot)}
    story = "Saw a job that the controller did not create or forgot: "
    return tuple(
        Report("UnexpectedJob", story + job.metadata.name)
        for job in snapshot.jobs
        if job.ending is None and not is_deleting(job) and job.metadata.uid not in known
    )


def status(
    snapshot: Snapshot, started: datetime | None, given_up: Collection[str]
) -> SetStatus | None:
    """Return the status once `started` is started and the jobs with these uids are deleted."""
    cronjob, obj = snapshot.cronjob, snapshot.object
    current: dict[str, Any] = obj.get("status") or {}
    fresh = dict(current)
    active, notices = _active(snapshot, given_up)
    times = [scheduled_for(cronjob, job) for job in snapshot.jobs]
    last = _latest(cronjob.status.last_schedule_time, *times, started)
    ends = [_completion(job) for job in snapshot.jobs]
    values = {
        "active": active or None,
        "lastScheduleTime": last,
        "lastSuccessfulTime": _latest(cronjob.status.last_successful_time, *ends),
    }
    for name, value in values.items():
        if value is None:
            fresh.pop(name, None)
        else:
            fresh[name] = value
    if fresh == current:
        return None
    return SetStatus(ref(CRONJOBS, obj), fresh, notices=tuple(notices))


def _active(
    snapshot: Snapshot, given_up: Collection[str]
) -> tuple[list[dict[str, Any]], list[Report]]:
    """Return the references to jobs that run, those that were there first, and what to tell."""
    jobs = {job.metadata.uid: job for job in snapshot.jobs}
    told: list[dict[str, Any]] = (snapshot.object.get("status") or {}).get("active") or []
    kept, notices = [], []
    for entry in told:
        job = jobs.get(entry.get("uid", ""))
        if job is None:
            story = f"Active job went missing: {entry.get('name', '')}"
            notices.append(Report("MissingJob", story))
        elif job.ending is not None:
            story = f"Saw completed job: {job.metadata.name}, condition: {job.ending.type}"
            notices.append(Report("SawCompletedJob", story))
        elif job.metadata.uid not in given_up:
            kept.append(entry)
    known = {entry.get("uid") for entry in told}
    fresh = [
        _reference(job)
        for job in running(snapshot)
        if job.metadata.uid not in known and job.metadata.uid not in given_up
    ]
    return kept + fresh, notices


def _reference(job: Job) -> dict[str, Any]:
    return {
        "apiVersion": JOBS.api_version,
        "kind": JOBS.kind,
        "name": job.metadata.name,
        "namespace": job.metadata.namespace,
        "resourceVersion": job.metadata.resource_version,
        "uid": job.metadata.uid,
    }


def _completion(job: Job) -> datetime | None:
    ended = job.status.completion_time
    done = job.ending is not None and job.ending.type == "Complete"
    return parse_time(ended) if done and ended else None


def _latest(told: str | None, *times: datetime | None) -> str | None:
    """Return the latest of the times as text; what was told already stays as it is written."""
    latest = max((time for time in times if time is not None), default=None)
    if latest is None or (told and parse_time(told) >= latest):
        return told
    return now_rfc3339(latest)
