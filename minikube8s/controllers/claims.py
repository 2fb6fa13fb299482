"""Adoption and release: which objects a selector-based owner calls its own. Pure.

An object belongs to the owner that its controlling owner reference names. An owner adopts
matching objects that nobody controls, and releases its own that no longer match.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from minikube8s.api.meta import owner_reference
from minikube8s.api.resources import Resource
from minikube8s.api.selectors import Selector
from minikube8s.api.views import ObjectMeta
from minikube8s.controllers.actions import Patch, owner_json, view_ref


class Claimable(Protocol):
    """A typed view with metadata."""

    @property
    def metadata(self) -> ObjectMeta:
        """The object's metadata."""
        ...


C = TypeVar("C", bound=Claimable)


@dataclass(frozen=True, slots=True)
class Claims(Generic[C]):
    """What an owner has once `patches` are applied."""

    owned: tuple[C, ...]
    patches: tuple[Patch, ...]


def claim(
    owner_resource: Resource,
    owner: Mapping[str, Any],
    selector: Selector,
    resource: Resource,
    candidates: Iterable[C],
) -> Claims[C]:
    """Sort `candidates` (objects of the kind `resource`) into what `owner` has, and adjust.

    An owner that is being deleted neither adopts nor releases, and an object that is being
    deleted is neither adopted nor released.
    """
    uid, deleting = owner["metadata"]["uid"], "deletionTimestamp" in owner["metadata"]
    owned: list[C] = []
    patches: list[Patch] = []
    relations = _Relations(selector)
    for candidate in tuple(candidates):
        metadata = candidate.metadata
        controller, matches = relations.of(metadata)
        fixed = deleting or metadata.deletion_timestamp is not None
        if controller == uid:
            if matches or fixed:
                owned.append(candidate)
            else:
                patches.append(_release(resource, metadata, uid))
        elif not controller and matches and not fixed:
            patches.append(_adopt(resource, metadata, owner_reference(owner_resource, owner)))
            owned.append(candidate)
    return Claims(tuple(owned), tuple(patches))


class _Relations:
    """Who controls objects and whether the selector finds them, found out once for all alike.

    Thousands of pods of one owner may hold the same labels and references. All that were asked
    about must live as long as this does.
    """

    def __init__(self, selector: Selector) -> None:
        self._selector = selector
        self._known: dict[tuple[int, int], tuple[str, bool]] = {}

    def of(self, metadata: ObjectMeta) -> tuple[str, bool]:
        alike = (id(metadata.owner_references), id(metadata.labels))
        known = self._known.get(alike)
        if known is None:
            controller = metadata.controller
            matches = self._selector.matches(metadata.labels)
            known = self._known[alike] = (controller.uid if controller else "", matches)
        return known


def _adopt(resource: Resource, metadata: ObjectMeta, reference: dict[str, Any]) -> Patch:
    others = [owner_json(one) for one in metadata.owner_references if one.uid != reference["uid"]]
    return _patch(resource, metadata, [*others, reference])


def _release(resource: Resource, metadata: ObjectMeta, uid: str) -> Patch:
    others = [owner_json(one) for one in metadata.owner_references if one.uid != uid]
    return _patch(resource, metadata, others)


def _patch(resource: Resource, metadata: ObjectMeta, references: list[dict[str, Any]]) -> Patch:
    return Patch(
        view_ref(resource, metadata), {"metadata": {"ownerReferences": references or None}}
    )
