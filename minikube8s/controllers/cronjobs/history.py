"""Which finished jobs of a CronJob are too many. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from minikube8s.api.views import CronJob, Job
from minikube8s.controllers.cronjobs.model import is_deleting


def outdated(cronjob: CronJob, jobs: Iterable[Job]) -> Iterator[Job]:
    """Yield the finished jobs beyond the limits, of each outcome the oldest."""
    limits = {
        "Complete": cronjob.spec.successful_jobs_history_limit,
        "Failed": cronjob.spec.failed_jobs_history_limit,
    }
    finished: dict[str, list[Job]] = {name: [] for name in limits}
    for job in jobs:
        if job.ending is not None and not is_deleting(job):
            finished[job.ending.type].append(job)
    for outcome, limit in limits.items():
        if limit is not None:
            ordered = sorted(finished[outcome], key=_age)
            yield from ordered[: max(0, len(ordered) - limit)]


def _age(job: Job) -> tuple[bool, str, str]:
    start = job.status.start_time
    return start is None, start or "", job.metadata.name
