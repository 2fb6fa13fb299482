"""What a terminating namespace says of what is still in it. Pure.

Owns the conditions of its status, in Kubernetes' words.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from minikube8s.api.resources import Resource

Condition = Mapping[str, Any]


def conditions(
    content: Iterable[tuple[Resource, tuple[str, ...]]],
    known: Iterable[Condition],
    now: str,
    failure: str = "",
) -> list[Condition]:
    """Return the conditions for what is left: the kind and the finalizers of each object.

    A condition that says what it said before keeps its time. `failure` is why a deletion was
    refused.
    """
    kinds: Counter[str] = Counter()
    finalizers: Counter[str] = Counter()
    for resource, held_by in content:
        kinds[f"{resource.plural}.{resource.group}"] += 1
        finalizers.update(held_by)
    before = {one["type"]: one for one in known}
    wanted = (
        _said("NamespaceDeletionDiscoveryFailure", "ResourcesDiscovered", _DISCOVERED),
        _said("NamespaceDeletionGroupVersionParsingFailure", "ParsedGroupVersions", _PARSED),
        _deletion(failure),
        _remaining(kinds),
        _finalizing(finalizers),
    )
    return [_dated(one, before.get(one["type"]), now) for one in wanted]


_DISCOVERED = "All resources successfully discovered"
_PARSED = "All legacy kube types successfully parsed"
_DELETED = "All content successfully deleted, may be waiting on finalization"
_REMOVED = "All content successfully removed"
_FINALIZED = "All content-preserving finalizers finished"


def _deletion(failure: str) -> Condition:
    kind = "NamespaceDeletionContentFailure"
    if not failure:
        return _said(kind, "ContentDeleted", _DELETED)
    message = f"Failed to delete all resource types, 1 remaining: {failure}"
    return _said(kind, "ContentDeletionFailed", message, holds=True)


def _remaining(kinds: Counter[str]) -> Condition:
    kind = "NamespaceContentRemaining"
    if not kinds:
        return _said(kind, "ContentRemoved", _REMOVED)
    told = ", ".join(f"{name} has {kinds[name]} resource instances" for name in sorted(kinds))
    return _said(kind, "SomeResourcesRemain", f"Some resources are remaining: {told}", holds=True)


def _finalizing(finalizers: Counter[str]) -> Condition:
    kind = "NamespaceFinalizersRemaining"
    if not finalizers:
        return _said(kind, "ContentHasNoFinalizers", _FINALIZED)
    told = ", ".join(
        f"{name} in {finalizers[name]} resource instances" for name in sorted(finalizers)
    )
    message = f"Some content in the namespace has finalizers remaining: {told}"
    return _said(kind, "SomeFinalizersRemain", message, holds=True)


def _said(kind: str, reason: str, message: str, *, holds: bool = False) -> Condition:
    return {"type": kind, "status": str(holds), "reason": reason, "message": message}


def _dated(condition: Condition, before: Condition | None, now: str) -> Condition:
    same = before is not None and all(before.get(name) == condition[name] for name in condition)
    since = before["lastTransitionTime"] if before is not None and same else now
    return {**condition, "lastTransitionTime": since}
