"""Revisions: which ReplicaSet is the template's, how it is made, and what it remembers. Pure."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

from minikube8s.api import quantity
from minikube8s.api.hashing import pod_template_hash
from minikube8s.api.meta import owner_reference
from minikube8s.api.resources import DEPLOYMENTS, REPLICASETS
from minikube8s.api.views import Deployment
from minikube8s.controllers.deployments.model import (
    DESIRED_REPLICAS,
    HASH_LABEL,
    LAST_APPLIED,
    MAX_REPLICAS,
    NO_DEADLINE,
    REVISION,
    REVISION_HISTORY,
    Limits,
    Member,
    Snapshot,
)

_AMOUNTS = ("limits", "requests", "overhead")
"""The fields of a template that hold quantities by name."""
HISTORY_LENGTH = 2000
"""The most characters of a ReplicaSet's list of earlier revisions."""

_NOT_COPIED = frozenset(
    {
        LAST_APPLIED,
        REVISION,
        REVISION_HISTORY,
        DESIRED_REPLICAS,
        MAX_REPLICAS,
        "deprecated.deployment.rollback.to",
    }
)


def find_new(template: Mapping[str, Any], members: Sequence[Member]) -> Member | None:
    """Return the ReplicaSet made from this template: the oldest, should there be several."""
    wanted = _comparable(template)
    matching = (one for one in members if _comparable(one.object["spec"]["template"]) == wanted)
    return min(matching, key=lambda one: one.age_order, default=None)


def _comparable(template: Mapping[str, Any]) -> Any:
    """Return the template without what distinguishes no pods.

    That is the hash label, nulls and empty lists, and how a quantity is written.
    """
    metadata = {name: value for name, value in (template.get("metadata") or {}).items() if value}
    labels = {name: text for name, text in metadata.get("labels", {}).items() if name != HASH_LABEL}
    return _plain({**template, "metadata": {**metadata, "labels": labels}})


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if not isinstance(value, Mapping):
        return value
    return {
        name: _amounts(one) if name in _AMOUNTS and isinstance(one, Mapping) else _plain(one)
        for name, one in value.items()
        if one is not None and one != []
    }


def _amounts(quantities: Mapping[str, Any]) -> dict[str, str]:
    return {name: quantity.canonical(amount) for name, amount in quantities.items()}


def next_revision(old: Sequence[Member]) -> int:
    """Return the revision that the template's ReplicaSet has or gets."""
    return max((one.revision for one in old), default=0) + 1


def name_and_hash(view: Deployment, deployment: Mapping[str, Any]) -> tuple[str, str]:
    """Return the name and the hash label of the ReplicaSet that the template asks for."""
    template = deployment["spec"]["template"]
    digest = pod_template_hash(template, view.status.collision_count)
    return f"{view.metadata.name}-{digest}", digest


def new_replicaset(
    snapshot: Snapshot, digest: str, size: int, revision: int, limits: Limits
) -> dict[str, Any]:
    """Return the ReplicaSet for the Deployment's template."""
    deployment = snapshot.object
    template = copy.deepcopy(deployment["spec"]["template"])
    metadata = template.setdefault("metadata", {})
    metadata["labels"] = {**(metadata.get("labels") or {}), HASH_LABEL: digest}
    selector = copy.deepcopy(deployment["spec"]["selector"])
    selector["matchLabels"] = {**(selector.get("matchLabels") or {}), HASH_LABEL: digest}
    spec = {"replicas": size, "selector": selector, "template": template}
    if snapshot.view.spec.min_ready_seconds:
        spec["minReadySeconds"] = snapshot.view.spec.min_ready_seconds
    return {
        "apiVersion": REPLICASETS.api_version,
        "kind": REPLICASETS.kind,
        "metadata": {
            "name": f"{snapshot.view.metadata.name}-{digest}",
            "namespace": snapshot.view.metadata.namespace,
            "labels": dict(metadata["labels"]),
            "annotations": {
                **_copied(snapshot),
                REVISION: str(revision),
                **size_annotations(limits),
            },
            "ownerReferences": [owner_reference(DEPLOYMENTS, deployment)],
        },
        "spec": spec,
    }


def size_annotations(limits: Limits) -> dict[str, str]:
    """Return what a ReplicaSet remembers of the Deployment's size, for proportional scaling."""
    return {DESIRED_REPLICAS: str(limits.replicas), MAX_REPLICAS: str(limits.maximum)}


def annotation_changes(snapshot: Snapshot, new: Member, revision: int) -> dict[str, str]:
    """Return the annotations to set on the template's ReplicaSet, empty when all are right.

    A ReplicaSet that a rollback makes current again gets the next revision, and remembers the
    one it had.
    """
    known = new.metadata.annotations
    wanted = _copied(snapshot)
    if new.revision < revision:
        wanted[REVISION] = str(revision)
        if new.revision:
            wanted[REVISION_HISTORY] = _remember(known.get(REVISION_HISTORY, ""), new.revision)
    return {name: text for name, text in wanted.items() if known.get(name) != text}


def _copied(snapshot: Snapshot) -> dict[str, str]:
    annotations = snapshot.view.metadata.annotations
    return {name: text for name, text in annotations.items() if name not in _NOT_COPIED}


def _remember(history: str, revision: int) -> str:
    revisions = [*filter(None, history.split(",")), str(revision)]
    while len(",".join(revisions)) > HISTORY_LENGTH:
        revisions.pop(0)
    return ",".join(revisions)


def outdated(snapshot: Snapshot, old: Sequence[Member]) -> list[Member]:
    """Return the empty old ReplicaSets beyond revisionHistoryLimit, oldest revisions first."""
    limit = snapshot.view.spec.revision_history_limit
    if limit is None or limit == NO_DEADLINE:
        return []
    alive = [one for one in old if one.metadata.deletion_timestamp is None]
    surplus = sorted(alive, key=lambda one: (one.revision, one.age_order))[: -limit or None]
    return [one for one in surplus if _is_empty(one)]


def _is_empty(member: Member) -> bool:
    observed = member.view.status.observed_generation >= member.metadata.generation
    return member.size == 0 and member.view.status.replicas == 0 and observed
