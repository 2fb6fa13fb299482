"""All that /metrics tells, read at the moment somebody asks."""

from __future__ import annotations

from collections.abc import Iterator

from minikube8s.api.release import version_document
from minikube8s.api.resources import RESOURCES
from minikube8s.registry import Registry
from minikube8s.server.call import Services
from minikube8s.server.metrics import process
from minikube8s.server.metrics.families import Family, gauge
from minikube8s.server.metrics.requests import group_version

_BUILD = {
    "major": "major",
    "minor": "minor",
    "gitVersion": "git_version",
    "gitCommit": "git_commit",
    "gitTreeState": "git_tree_state",
    "buildDate": "build_date",
    "goVersion": "go_version",
    "compiler": "compiler",
    "platform": "platform",
}


def families(services: Services) -> Iterator[Family]:
    """Yield every metric of the server and of those who told it theirs."""
    yield from services.figures.families()
    yield from _objects(services.registry)
    for source in services.sources:
        yield from source()
    yield _build()
    yield from process.families()


def _build() -> Family:
    told = version_document()
    labels = {label: told[field] for field, label in _BUILD.items()}
    return gauge("kubernetes_build_info", "The version that is running.", [(labels, 1)])


def _objects(registry: Registry) -> Iterator[Family]:
    stored = [row for row in RESOURCES.all() if row.storage is None and "watch" in row.verbs]
    counts = [(row, registry.count(row)) for row in stored]
    yield gauge(
        "apiserver_resource_objects",
        "Objects stored, by resource.",
        (({"group": row.group, "resource": row.plural}, count) for row, count in counts),
    )
    yield gauge(
        "apiserver_storage_objects",
        "Objects stored, by resource; the older name of apiserver_resource_objects.",
        (({"resource": row.group_resource}, count) for row, count in counts),
    )
    yield gauge(
        "apiserver_registered_watchers",
        "Watches of clients and of the master's own parts, by kind.",
        (
            (group_version(row) | {"kind": row.kind}, watchers)
            for row in stored
            if (watchers := registry.watchers(row))
        ),
    )
