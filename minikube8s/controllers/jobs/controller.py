"""What wakes the Job controller and what it reads."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from minikube8s.api.resources import JOBS, PODS, Resource
from minikube8s.api.selectors import Selector, from_label_selector
from minikube8s.api.views import Job, PartialObject
from minikube8s.controllers.actions import Plan
from minikube8s.controllers.belonging import belongings, candidates
from minikube8s.controllers.jobs.jobpod import job_pod
from minikube8s.controllers.jobs.model import Snapshot, is_ours
from minikube8s.controllers.jobs.planning import plan
from minikube8s.controllers.keys import Key
from minikube8s.controllers.runner import Reader
from minikube8s.store.entry import Entry
from minikube8s.store.watching import Event


class JobController:
    """Runs every job's pods until the job is complete or has failed."""

    name = "job"
    watches = (JOBS, PODS)

    def keys(self, resource: Resource, event: Event, reader: Reader) -> Iterable[Key]:
        """Return the changed job, or those that a changed pod belongs or may belong to."""
        if resource is JOBS:
            return {Key(event.entry.namespace, event.entry.name)}
        return {key for one in belongings(event) for key in _keys_of_pod(one, reader)}

    def read(self, reader: Reader, key: Key) -> Snapshot | None:
        """Return the job with its pods, or None when there is nothing to do for it."""
        entry = reader.find(JOBS, *key)
        if entry is None:
            return None
        job = entry.view(Job)
        if not is_ours(job):
            return None
        selector = entry.digest(_selector_of)
        pods = tuple(
            job_pod(one) for one in candidates(reader, PODS, key.namespace, entry.uid, selector)
        )
        return Snapshot(job, entry.object, pods)

    def plan(self, snapshot: Snapshot, now: datetime, failure: str = "") -> Plan:
        """Return the next step of the job."""
        return plan(snapshot, now, failure)


def _keys_of_pod(pod: Entry, reader: Reader) -> Iterable[Key]:
    controller = pod.view(PartialObject).metadata.controller if pod.controlled else None
    if controller is not None:
        if controller.kind == JOBS.kind and controller.api_version == JOBS.api_version:
            yield Key(pod.namespace, controller.name)
        return
    for job in reader.selecting(JOBS, pod.namespace, pod.labels, _selector_of):
        yield Key(job.namespace, job.name)


def _selector_of(entry: Entry) -> Selector:
    return from_label_selector(entry.view(Job).spec.selector)
