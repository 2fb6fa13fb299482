"""Whom a change concerns, and what an owner looks at: what controllers of pods have in common.

Owns the questions; which of the objects an owner adopts and releases is decided in `claims.py`.
"""

from __future__ import annotations

from minikube8s.api.resources import Resource
from minikube8s.api.selectors import Selector
from minikube8s.controllers.runner import Reader
from minikube8s.store.entry import Entry
from minikube8s.store.watching import Event


def belongings(event: Event) -> list[Entry]:
    """Return the states whose owners a change concerns: the new one, and the old if it differs.

    Two states differ here when they have other owners or are selected by others.
    """
    entry, before = event.entry, event.previous
    if before is None or (
        entry.meta.owner_references == before.meta.owner_references
        and entry.labels == before.labels
    ):
        return [entry]
    return [entry, before]


def candidates(
    reader: Reader, resource: Resource, namespace: str, uid: str, selector: Selector
) -> list[Entry]:
    """Return the objects that an owner has, or may adopt because `selector` matches them."""
    return [
        one
        for one in reader.claimable(resource, namespace, uid, selector)
        if one.owned_by(uid) or selector.matches(one.labels)
    ]
