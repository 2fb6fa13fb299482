"""The plain numbers of store, scheduler and controllers, as metrics: the names are given here."""

from __future__ import annotations

from collections.abc import Iterator

from minikube8s.controllers import Controllers
from minikube8s.scheduler import Scheduler
from minikube8s.server.metrics import Family, counter, gauge, histogram
from minikube8s.store.sqlite import SqliteStore


def of_store(store: SqliteStore) -> Iterator[Family]:
    """Yield how fast writes become durable and what they take on disk."""
    figures = store.figures()
    yield gauge(
        "apiserver_storage_size_bytes",
        "Size of the state file and its log on disk.",
        [({"storage_cluster_id": "sqlite"}, figures.bytes)],
    )
    yield histogram(
        "mk8s_store_commit_duration_seconds",
        "Seconds that transactions took, until they were safe on disk.",
        [({}, figures.commits)],
    )
    yield counter(
        "mk8s_store_writes_total",
        "Writes; those that come at the same time share a transaction.",
        [({}, figures.writes)],
    )
    yield gauge("mk8s_store_queue_length", "Jobs that wait for the disk.", [({}, figures.waiting)])


def of_scheduler(scheduler: Scheduler) -> Iterator[Family]:
    """Yield how many pods have no node, and how the attempts to find one came out."""
    figures = scheduler.figures()
    yield gauge(
        "scheduler_pending_pods",
        "Pods without a node: to be looked at now, or waiting for a change that may help.",
        [
            ({"queue": "active"}, figures.active),
            ({"queue": "backoff"}, figures.backing_off),
            ({"queue": "unschedulable"}, figures.unschedulable),
        ],
    )
    yield counter(
        "scheduler_schedule_attempts_total",
        "Attempts to find a node for a pod, by result.",
        (
            ({"profile": profile, "result": result}, count)
            for (profile, result), count in figures.attempts.items()
        ),
    )


def of_controllers(controllers: Controllers) -> Iterator[Family]:
    """Yield how busy each controller is."""
    figures = controllers.figures()
    yield gauge(
        "workqueue_depth",
        "Keys that wait to be looked at, by controller.",
        (({"name": one.name}, one.waiting) for one in figures),
    )
    yield counter(
        "workqueue_retries_total",
        "Looks that had to be repeated, by controller.",
        (({"name": one.name}, one.retries) for one in figures),
    )
