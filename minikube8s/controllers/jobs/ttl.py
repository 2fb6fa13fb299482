"""Finished jobs that are to go by themselves: `ttlSecondsAfterFinished`."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from minikube8s.api.resources import JOBS, Resource
from minikube8s.api.times import parse_time
from minikube8s.api.views import Job
from minikube8s.controllers.actions import NOTHING, Delete, Plan, view_ref
from minikube8s.controllers.keys import Key
from minikube8s.controllers.runner import Reader
from minikube8s.store.watching import Event


class TtlAfterFinishedController:
    """Deletes finished jobs, and with them their pods, when their time is over."""

    name = "ttl-after-finished"
    watches = (JOBS,)

    def keys(self, resource: Resource, event: Event, reader: Reader) -> Iterable[Key]:
        """Return the changed job if its time is limited."""
        entry = event.entry
        limited = b'"ttlSecondsAfterFinished"' in entry.value
        return (Key(entry.namespace, entry.name),) if limited else ()

    def read(self, reader: Reader, key: Key) -> Job | None:
        """Return the job."""
        entry = reader.find(JOBS, *key)
        return None if entry is None else entry.view(Job)

    def plan(self, snapshot: Job, now: datetime, failure: str = "") -> Plan:
        """Return the deletion, or when it is due."""
        return plan(snapshot, now)


def plan(job: Job, now: datetime) -> Plan:
    """Plan one look at a job."""
    ttl, ending = job.spec.ttl_seconds_after_finished, job.ending
    if ttl is None or ending is None or job.metadata.deletion_timestamp is not None:
        return NOTHING
    if not ending.last_transition_time:
        return NOTHING
    due = parse_time(ending.last_transition_time) + timedelta(seconds=ttl)
    left = (due - now).total_seconds()
    if left > 0:
        return Plan(requeue_after=left)
    return Plan(deletes=(Delete(view_ref(JOBS, job.metadata), propagation="Foreground"),))
