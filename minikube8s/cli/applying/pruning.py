"""Owns what `--prune` removes: what was applied once and is in no file any more."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Any, NamedTuple

from minikube8s.api.resources import Resource
from minikube8s.cli.applying import lastapplied
from minikube8s.cli.connection.client import Client
from minikube8s.cli.deleting.gone import Leaving, uid_of
from minikube8s.cli.deleting.options import Deletion
from minikube8s.cli.errors import CommandError
from minikube8s.cli.naming import targets
from minikube8s.cli.naming.kinds import Kinds
from minikube8s.cli.output import printing

_USUAL = (
    "v1/ConfigMap", "v1/Namespace", "v1/PersistentVolumeClaim", "v1/PersistentVolume", "v1/Pod",
    "v1/ReplicationController", "v1/Secret", "v1/Service", "batch/v1/Job", "batch/v1/CronJob",
    "networking.k8s.io/v1/Ingress", "apps/v1/DaemonSet", "apps/v1/Deployment", "apps/v1/ReplicaSet",
    "apps/v1/StatefulSet",
)  # fmt: skip
"""What is pruned unless --prune-allowlist says other kinds: kubectl's list.

Without Endpoints, which is on it: they go with their Services.
"""


class Pruned(NamedTuple):
    """An object that is to go."""

    resource: Resource
    obj: dict[str, Any]

    @property
    def path(self) -> str:
        """Its path in the API."""
        metadata = self.obj["metadata"]
        return targets.path(self.resource, metadata.get("namespace", ""), metadata["name"])


def kinds_of(kinds: Kinds, allowed: Iterable[str]) -> list[Resource]:
    """The kinds that ``allowed`` (`core/v1/ConfigMap`) or the usual list names: namespaced first.

    Raises CommandError for what names none.
    """
    found = []
    for word in tuple(allowed) or _USUAL:
        parts = word.split("/")
        if len(parts) == 3 and parts[0] in {"core", ""}:
            parts = parts[1:]
        elif len(parts) != 3 and not (len(parts) == 2 and word in _USUAL):
            raise CommandError(
                f"invalid GroupVersionKind format: {word}, please follow <group/version/kind>, "
                "such as core/v1/ConfigMap"
            )
        found.append(kinds.of({"apiVersion": "/".join(parts[:-1]), "kind": parts[-1]}))
    return sorted(found, key=lambda resource: not resource.namespaced)


def candidates(
    client: Client,
    kinds: Iterable[Resource],
    namespaces: Collection[str],
    selector: str,
    kept: Collection[str],
) -> Iterator[Pruned]:
    """What ``selector`` matches, was applied, and has none of the uids in ``kept``."""
    query = {"labelSelector": selector} if selector else {}
    for resource in kinds:
        for namespace in sorted(namespaces) if resource.namespaced else [""]:
            listed = client.json("GET", targets.path(resource, namespace), query=query)
            for obj in listed.get("items") or ():
                metadata = obj["metadata"]
                if (
                    lastapplied.kept(obj)
                    and metadata.get("uid") not in kept
                    and not metadata.get("deletionTimestamp")
                ):
                    whole = {"apiVersion": resource.api_version, "kind": resource.kind, **obj}
                    yield Pruned(resource, whole)


def prune(client: Client, found: Iterable[Pruned], how: Deletion, dry_run: str) -> list[Leaving]:
    """Delete ``found``, telling each; what is on its way out then."""
    leaving = []
    for one in found:
        answer: dict[str, Any] = {}
        if dry_run != "client":
            answer = client.json("DELETE", one.path, how.body)
        printing.tell("", one.resource, one.obj, "pruned", dry_run)
        metadata = one.obj["metadata"]
        leaving.append(
            Leaving(one.resource, metadata.get("namespace", ""), metadata["name"], uid_of(answer))
        )
    return leaving
