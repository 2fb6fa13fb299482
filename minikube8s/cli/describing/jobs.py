"""How Jobs and CronJobs are described."""

from __future__ import annotations

from typing import Any

from minikube8s.api.times import human_duration, parse_time
from minikube8s.cli.describing import common, pods
from minikube8s.cli.describing.writer import Writer

Object = dict[str, Any]
_INDEXES = 50
"""After how many characters the list of completed indexes is cut."""


def job(w: Writer, obj: Object, around: common.Around) -> None:
    """A Job with its counts and its pod template."""
    spec, status = obj["spec"], obj.get("status") or {}
    common.head(w, obj)
    w.line(0, "Selector:", common.selector(spec.get("selector")))
    common.labels(w, obj)
    common.controlled_by(w, obj)
    if spec.get("parallelism") is not None:
        w.line(0, "Parallelism:", spec["parallelism"])
    w.line(0, "Completions:", _or_unset(spec.get("completions")))
    for label, field in (
        ("Completion Mode:", "completionMode"),
        ("Suspend:", "suspend"),
        ("Backoff Limit:", "backoffLimit"),
        ("TTL Seconds After Finished:", "ttlSecondsAfterFinished"),
    ):
        if spec.get(field) is not None:
            w.line(0, label, common.go(spec[field]))
    started, completed = status.get("startTime"), status.get("completionTime")
    if started:
        w.line(0, "Start Time:", common.local(started))
    if completed:
        w.line(0, "Completed At:", common.local(completed))
    if started and completed:
        took = parse_time(completed) - parse_time(started)
        w.line(0, "Duration:", human_duration(took))
    _deadline(w, spec)
    ready = f" ({status['ready']} Ready)" if status.get("ready") is not None else ""
    active, succeeded, failed = (status.get(one, 0) for one in ("active", "succeeded", "failed"))
    w.line(0, "Pods Statuses:", f"{active} Active{ready} / {succeeded} Succeeded / {failed} Failed")
    if spec.get("completionMode") == "Indexed":
        w.line(0, "Completed Indexes:", _indexes(status.get("completedIndexes") or ""))
    pods.template(w, spec.get("template"))
    common.events(w, around)


def cron_job(w: Writer, obj: Object, around: common.Around) -> None:
    """A CronJob with what it starts."""
    spec, status = obj["spec"], obj.get("status") or {}
    common.head(w, obj)
    common.labels(w, obj)
    w.line(0, "Schedule:", spec.get("schedule", ""))
    w.line(0, "Concurrency Policy:", spec.get("concurrencyPolicy", ""))
    suspend = spec.get("suspend")
    w.line(0, "Suspend:", common.UNSET if suspend is None else str(suspend))
    w.line(0, "Successful Job History Limit:", _or_unset(spec.get("successfulJobsHistoryLimit")))
    w.line(0, "Failed Job History Limit:", _or_unset(spec.get("failedJobsHistoryLimit")))
    seconds = spec.get("startingDeadlineSeconds")
    w.line(0, "Starting Deadline Seconds:", common.UNSET if seconds is None else f"{seconds}s")
    job_spec = spec["jobTemplate"]["spec"]
    chosen = job_spec.get("selector")
    w.line(0, "Selector:", common.UNSET if chosen is None else common.selector(chosen))
    for field in ("parallelism", "completions"):
        w.line(0, f"{field.capitalize()}:", _or_unset(job_spec.get(field)))
    _deadline(w, job_spec)
    pods.template(w, job_spec.get("template"))
    last = status.get("lastScheduleTime")
    w.line(0, "Last Schedule Time:", common.local(last) if last else common.UNSET)
    active = ", ".join(one.get("name", "") for one in status.get("active") or ())
    w.line(0, "Active Jobs:", active or common.NONE)
    common.events(w, around)


def _deadline(w: Writer, spec: Object) -> None:
    if spec.get("activeDeadlineSeconds") is not None:
        w.line(0, "Active Deadline Seconds:", f"{spec['activeDeadlineSeconds']}s")


def _or_unset(value: object) -> object:
    return common.UNSET if value is None else value


def _indexes(text: str) -> str:
    if not text:
        return common.NONE
    end = text.find(",", _INDEXES)
    return text if end < 0 else text[: end + 1] + "..."
