"""Tables of work that ends: jobs and their schedules."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from minikube8s.api import times
from minikube8s.api.meta import is_condition_true
from minikube8s.api.tables.model import (
    AGE,
    CONTAINERS,
    IMAGES,
    NAME,
    NONE,
    SELECTOR,
    Column,
    Obj,
    Table,
    age,
    flag,
    label_selector,
    name_of,
    section,
    template_cells,
)


def _job(obj: Obj, now: datetime) -> list[Any]:
    spec = section(obj, "spec")
    return [
        name_of(obj),
        _job_status(obj),
        _completions(spec, section(obj, "status")),
        _duration(section(obj, "status"), now),
        age(obj, now),
        *_wide(spec),
    ]


def _job_status(job: Obj) -> str:
    if is_condition_true(job, "Complete"):
        return "Complete"
    if is_condition_true(job, "Failed"):
        return "Failed"
    if section(job, "metadata").get("deletionTimestamp"):
        return "Terminating"
    for condition in ("Suspended", "FailureTarget", "SuccessCriteriaMet"):
        if is_condition_true(job, condition):
            return condition
    return "Running"


def _completions(spec: Obj, status: Obj) -> str:
    """Return `succeeded/wanted`; without a number wanted, one success of any pod is enough."""
    succeeded, wanted = status.get("succeeded", 0), spec.get("completions")
    if wanted is not None:
        return f"{succeeded}/{wanted}"
    parallelism = spec.get("parallelism") or 0
    return f"{succeeded}/1 of {parallelism}" if parallelism > 1 else f"{succeeded}/1"


def _duration(status: Obj, now: datetime) -> str:
    start, end = status.get("startTime"), status.get("completionTime")
    if not start:
        return ""
    return times.age(start, times.parse_time(end) if end else now)


def _cron_job(obj: Obj, now: datetime) -> list[Any]:
    spec, status = section(obj, "spec"), section(obj, "status")
    last = status.get("lastScheduleTime")
    return [
        name_of(obj),
        spec.get("schedule", ""),
        spec.get("timeZone") or NONE,
        flag(spec.get("suspend")),
        len(status.get("active") or ()),
        times.age(last, now) if last else NONE,
        age(obj, now),
        *_wide(section(section(spec, "jobTemplate"), "spec")),
    ]


def _wide(spec: Obj) -> list[str]:
    return [*template_cells(section(spec, "template")), label_selector(spec.get("selector"))]


JOB = Table(
    (
        NAME,
        Column("Status", "Whether it runs, or how it ended."),
        Column("Completions", "Pods that succeeded, of those that have to."),
        Column("Duration", "Time from its start to its end, or until now."),
        AGE,
        CONTAINERS,
        IMAGES,
        SELECTOR,
    ),
    _job,
)
CRON_JOB = Table(
    (
        NAME,
        Column("Schedule", "When it starts a job, as in cron."),
        Column("Timezone", "Where the schedule's clock stands."),
        Column("Suspend", "Whether it starts no jobs for now.", "boolean"),
        Column("Active", "Number of jobs that run.", "integer"),
        Column("Last Schedule", "Time since it last started a job."),
        AGE,
        CONTAINERS,
        IMAGES,
        SELECTOR,
    ),
    _cron_job,
)
