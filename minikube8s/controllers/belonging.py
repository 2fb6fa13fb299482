"""Whom a change concerns, and what an owner looks at: what controllers of pods have in common.

Owns the questions; which of the objects an owner adopts and releases is decided in `claims.py`.
"""

from __future__ import annotations

from typing import NamedTuple

from minikube8s.api.resources import CONTROLLERREVISIONS, Resource
from minikube8s.api.selectors import Selector
from minikube8s.api.views import ControllerRevision, PartialObject
from minikube8s.controllers import revisions
from minikube8s.controllers.keys import Key
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


class Revisions(NamedTuple):
    """What a set reads of its revisions: its own, and whatever has the name that the next gets."""

    history: tuple[ControllerRevision, ...]
    namesake: ControllerRevision | None


def read_revisions(reader: Reader, owner: Entry, selector: Selector, collisions: int) -> Revisions:
    """Return the revisions of a StatefulSet or DaemonSet, and those that it may adopt."""
    claimable = reader.claimable(CONTROLLERREVISIONS, owner.namespace, owner.uid, selector)
    history = tuple(
        one.view(ControllerRevision)
        for one in claimable
        if revisions.is_named_after(one.name, owner.name)
    )
    name = revisions.name_of(owner.object, collisions)
    namesake = reader.find(CONTROLLERREVISIONS, owner.namespace, name)
    return Revisions(history, namesake.view(ControllerRevision) if namesake is not None else None)


def controlled_by(entry: Entry, resource: Resource) -> list[Key] | None:
    """Return whom of the resource an object belongs to, if to any; None for an orphan."""
    controller = entry.view(PartialObject).metadata.controller if entry.controlled else None
    if controller is None:
        return None
    owner = (controller.api_version, controller.kind)
    mine = owner == (resource.api_version, resource.kind)
    return [Key(entry.namespace, controller.name)] if mine else []
