"""What a delete request means for one object: gone at once, marked, or left as it is. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Any

from minikube8s.api import errors
from minikube8s.api.meta import is_pod_terminal, now_rfc3339, parse_time
from minikube8s.api.resources import NAMESPACES, PRIORITYCLASSES, Resource
from minikube8s.api.strategy.classes import SYSTEM_PRIORITIES
from minikube8s.registry.options import DeleteOptions, Propagation

Object = dict[str, Any]

ORPHAN = "orphan"
FOREGROUND = "foregroundDeletion"
_DELETE_REFUSALS = {
    (PRIORITYCLASSES, name): "this is a system priority class and cannot be deleted"
    for name in SYSTEM_PRIORITIES
}
PROTECTED_NAMESPACES = frozenset(("default", "kube-system", "kube-public"))
_DEFAULT_GRACE = 30
_LONGEST_GRACE = 2**31 - 1
"""Seconds that still lead to a time that a calendar has."""


class Verdict(Enum):
    """What to do with the object."""

    REMOVE = auto()
    """Delete it from the store; the object is its last state."""
    MARK = auto()
    """Store it: it is being deleted, and somebody else will finish that."""
    KEEP = auto()
    """Nothing: it is being deleted already."""


def check_allowed(resource: Resource, name: str) -> None:
    """Raise ApiError 403 for an object that the system needs."""
    refusal = _DELETE_REFUSALS.get((resource, name))
    if refusal:
        raise errors.forbidden(resource, name, refusal)


def decide(
    obj: Object,
    options: DeleteOptions,
    now: datetime,
    *,
    graceful: bool = False,
    orphans: bool = False,
) -> Verdict:
    """Change `obj` as the deletion demands, and tell what to do with it.

    `graceful`: objects of this kind end in their own time (Pods). `orphans`: they leave their
    dependents behind unless asked otherwise. Another deletion of what waits for its finalizers may
    change what becomes of the dependents.
    """
    metadata = obj["metadata"]
    if graceful and metadata.get("deletionGracePeriodSeconds") is not None:
        return _shorten(obj, options)
    before = list(metadata.get("finalizers") or ())
    _set_finalizers(metadata, options.propagation or _default(before, orphans=orphans))
    grace = _grace(obj, options) if graceful else 0
    fresh = not metadata.get("deletionTimestamp")
    if fresh:
        _mark(metadata, now, grace)
    if grace == 0 and not metadata.get("finalizers"):
        return Verdict.REMOVE
    changed = fresh or before != (metadata.get("finalizers") or [])
    return Verdict.MARK if changed else Verdict.KEEP


def decide_namespace(obj: Object, now: datetime) -> Verdict:
    """Change the Namespace `obj` as its deletion demands: it goes when its content is gone.

    Raises ApiError: 403 for a namespace the system needs, 409 while its content is being removed.
    """
    metadata = obj["metadata"]
    if metadata["name"] in PROTECTED_NAMESPACES:
        raise errors.forbidden(NAMESPACES, metadata["name"], "this namespace may not be deleted")
    remaining = bool(obj.get("spec", {}).get("finalizers"))
    if metadata.get("deletionTimestamp") and remaining:
        raise errors.conflict(
            NAMESPACES,
            metadata["name"],
            "The system is ensuring all content is removed from this namespace.  Upon completion,"
            " this namespace will automatically be purged by the system.",
        )
    fresh = not metadata.get("deletionTimestamp")
    if fresh:
        metadata["deletionTimestamp"] = now_rfc3339(now)
        obj.setdefault("status", {})["phase"] = "Terminating"
    if remaining or metadata.get("finalizers"):
        return Verdict.MARK if fresh else Verdict.KEEP
    return Verdict.REMOVE


def is_finished(obj: Object) -> bool:
    """Tell whether an object that is being deleted has nothing left that holds it."""
    metadata = obj["metadata"]
    return bool(
        metadata.get("deletionTimestamp")
        and not metadata.get("finalizers")
        and not metadata.get("deletionGracePeriodSeconds")
        and not (obj["kind"] == "Namespace" and obj.get("spec", {}).get("finalizers"))
    )


def _grace(pod: Object, options: DeleteOptions) -> int:
    """Return the seconds that a pod gets: none when no node has to stop anything."""
    spec = pod.get("spec", {})
    if not spec.get("nodeName") or is_pod_terminal(pod):
        return 0
    grace = options.grace_period_seconds
    if grace is None:
        grace = int(spec.get("terminationGracePeriodSeconds", _DEFAULT_GRACE))
    # A negative period stands for "as soon as possible", which is not "without asking the node".
    return min(grace, _LONGEST_GRACE) if grace >= 0 else 1


def _shorten(obj: Object, options: DeleteOptions) -> Verdict:
    """Handle another request for what ends in its own time: only a shorter time counts."""
    metadata = obj["metadata"]
    before: int = metadata["deletionGracePeriodSeconds"]
    grace = options.grace_period_seconds
    if grace is not None and grace < 0:
        grace = 1
    if grace is None or grace >= before > 0:
        return Verdict.KEEP
    if grace < before:
        started = parse_time(metadata["deletionTimestamp"]) - timedelta(seconds=before)
        metadata["deletionTimestamp"] = now_rfc3339(started + timedelta(seconds=grace))
        metadata["deletionGracePeriodSeconds"] = grace
    if grace == 0 and not metadata.get("finalizers"):
        return Verdict.REMOVE
    return Verdict.MARK if grace < before else Verdict.KEEP


def _mark(metadata: Object, now: datetime, grace: int) -> None:
    metadata["deletionTimestamp"] = now_rfc3339(now + timedelta(seconds=grace))
    metadata["deletionGracePeriodSeconds"] = grace
    if metadata.get("generation"):
        metadata["generation"] += 1


def _default(finalizers: list[str], *, orphans: bool) -> Propagation | None:
    """Return what a deletion means that does not say: what an earlier one said, or the kind's."""
    chosen = ORPHAN in finalizers or FOREGROUND in finalizers
    return "Orphan" if orphans and not chosen else None


def _set_finalizers(metadata: Object, propagation: Propagation | None) -> None:
    if propagation is None:
        return
    finalizers = [f for f in metadata.get("finalizers", ()) if f not in (ORPHAN, FOREGROUND)]
    if propagation == "Orphan":
        finalizers.append(ORPHAN)
    elif propagation == "Foreground":
        finalizers.append(FOREGROUND)
    if finalizers:
        metadata["finalizers"] = finalizers
    else:
        metadata.pop("finalizers", None)
