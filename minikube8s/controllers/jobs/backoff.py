"""How long a job waits before it replaces pods that failed. Pure.

10 seconds after the first failure since the last success, doubling to 10 minutes. Counted from the
pods that are there, so that it survives the master; pods that were removed are forgotten.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from minikube8s.api.views import Job
from minikube8s.controllers.jobs.jobpod import JobPod
from minikube8s.controllers.jobs.model import is_failed
from minikube8s.kit.backoff import Backoff

BACKOFF = Backoff(initial=10.0, maximum=600.0)


def wait(job: Job, pods: Iterable[JobPod], now: datetime) -> float:
    """Return the seconds that are left before the job may have another pod."""
    succeeded, failed = [], []
    for pod in pods:
        if pod.phase == "Succeeded":
            succeeded.append(pod.ended_at)
        elif is_failed(pod, job):
            failed.append(pod.ended_at)
    if succeeded:
        last = max(succeeded)
        failed = [end for end in failed if end > last]
    return _left(len(failed), max(failed), now) if failed else 0.0


def wait_for_index(replaced: JobPod | None, now: datetime) -> float:
    """Return the seconds that are left before the index of a failed pod may have another."""
    if replaced is None:
        return 0.0
    return _left(replaced.failures + replaced.ignored_failures + 1, replaced.ended_at, now)


def _left(failures: int, last: datetime, now: datetime) -> float:
    since = (now - last).total_seconds()
    return max(0.0, BACKOFF.delay(failures - 1) - since)
