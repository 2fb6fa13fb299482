"""What a plan for a CronJob is made from, and how its jobs are named. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

from minikube8s.api.times import parse_time
from minikube8s.api.views import CronJob, Job

SCHEDULED = "batch.kubernetes.io/cronjob-scheduled-timestamp"
"""The annotation of a job that says for which time it was started."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A CronJob, its jobs, and the zone of its schedule; None when no zone has that name."""

    cronjob: CronJob
    object: Mapping[str, Any]
    jobs: tuple[Job, ...]
    zone: tzinfo | None


def job_name(cronjob: CronJob, time: datetime) -> str:
    """Return the name of the job of that time: it keeps the time from being started twice."""
    return f"{cronjob.metadata.name}-{int(time.timestamp()) // 60}"


def scheduled_for(cronjob: CronJob, job: Job) -> datetime | None:
    """Return for which time the schedule started the job; None if somebody else made it."""
    text = job.metadata.annotations.get(SCHEDULED, "")
    try:
        time = parse_time(text)
    except ValueError:
        return None
    return time if job.metadata.name == job_name(cronjob, time) else None


def is_deleting(job: Job) -> bool:
    """Tell whether somebody deleted the job."""
    return job.metadata.deletion_timestamp is not None
