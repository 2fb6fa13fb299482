"""Pods that wait for a job that is gone.

Owns the removal of their tracking finalizer, without which nobody could delete them.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from minikube8s.api.resources import JOBS, PODS, Resource
from minikube8s.api.views import PartialObject
from minikube8s.controllers.actions import Plan
from minikube8s.controllers.jobs.jobpod import FINALIZER, JobPod, job_pod
from minikube8s.controllers.jobs.tracking import untracked
from minikube8s.controllers.keys import Key
from minikube8s.controllers.runner import Reader
from minikube8s.store.entry import Entry
from minikube8s.store.watching import Event

_MARK = FINALIZER.encode()


class JobOrphanController:
    """Lets go of tracked pods that have no job."""

    name = "job-orphan"
    watches = (PODS, JOBS)

    def keys(self, resource: Resource, event: Event, reader: Reader) -> Iterable[Key]:
        """Return the pod if it is an orphan, or the pods of a job that went."""
        if resource is PODS:
            found = [event.entry]
        elif event.type == "DELETED":
            found = list(reader.dependents(event.entry.uid))
        else:
            return ()
        return {Key(one.namespace, one.name) for one in found if _is_orphan(one, reader)}

    def read(self, reader: Reader, key: Key) -> JobPod | None:
        """Return the pod if it is an orphan still."""
        entry = reader.find(PODS, *key)
        return None if entry is None or not _is_orphan(entry, reader) else job_pod(entry)

    def plan(self, snapshot: JobPod, now: datetime, failure: str = "") -> Plan:
        """Return the removal of the finalizer."""
        return Plan(patches=(untracked(snapshot),))


def _is_orphan(entry: Entry, reader: Reader) -> bool:
    if _MARK not in entry.value or not entry.key.startswith(PODS.prefix):
        return False
    metadata = entry.view(PartialObject).metadata
    if FINALIZER not in metadata.finalizers:
        return False
    owner = metadata.controller
    if owner is None:
        return True
    if owner.kind != JOBS.kind or owner.api_version != JOBS.api_version:
        return True
    job = reader.find(JOBS, entry.namespace, owner.name)
    return job is None or job.uid != owner.uid
