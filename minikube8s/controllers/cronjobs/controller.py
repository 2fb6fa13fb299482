"""What wakes the CronJob controller and what it reads."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, tzinfo

from minikube8s.api import timezones
from minikube8s.api.resources import CRONJOBS, JOBS, Resource
from minikube8s.api.views import CronJob, Job, PartialObject
from minikube8s.controllers.actions import Plan
from minikube8s.controllers.cronjobs.model import Snapshot
from minikube8s.controllers.cronjobs.planning import plan
from minikube8s.controllers.keys import Key
from minikube8s.controllers.runner import Reader
from minikube8s.store.watching import Event


class CronJobController:
    """Starts the jobs of every CronJob; a schedule without a zone is read in UTC."""

    name = "cronjob"
    watches = (CRONJOBS, JOBS)

    def keys(self, resource: Resource, event: Event, reader: Reader) -> Iterable[Key]:
        """Return the changed CronJob, or that of the changed job."""
        entry = event.entry
        if resource is CRONJOBS:
            return (Key(entry.namespace, entry.name),)
        if not entry.controlled:
            return ()
        owner = entry.view(PartialObject).metadata.controller
        if owner is None or (owner.kind, owner.api_version) != (
            CRONJOBS.kind,
            CRONJOBS.api_version,
        ):
            return ()
        return (Key(entry.namespace, owner.name),)

    def read(self, reader: Reader, key: Key) -> Snapshot | None:
        """Return the CronJob with its jobs, or None when it is gone."""
        entry = reader.find(CRONJOBS, *key)
        if entry is None:
            return None
        jobs = (
            one.view(Job) for one in reader.dependents(entry.uid) if one.key.startswith(JOBS.prefix)
        )
        own = tuple(job for job in jobs if _controller(job) == entry.uid)
        cronjob = entry.view(CronJob)
        return Snapshot(cronjob, entry.object, own, _zone(cronjob.spec.time_zone))

    def plan(self, snapshot: Snapshot, now: datetime, failure: str = "") -> Plan:
        """Return the start that is due, and what has become of those before."""
        return plan(snapshot, now, failure)


def _controller(job: Job) -> str:
    owner = job.metadata.controller
    return owner.uid if owner else ""


def _zone(name: str | None) -> tzinfo | None:
    return UTC if name is None else timezones.find(name)
