"""Which objects name which owner, and which have no controller.

An index that costs each change its own owner references.
"""

from __future__ import annotations

from collections.abc import Iterable, Set

from minikube8s.store.entry import Entry
from minikube8s.store.places import Places
from minikube8s.store.watching import Event


class Owners:
    """Keys of dependents by their owner's uid, and of free objects by their kind and namespace."""

    def __init__(self) -> None:
        self._owned: Places[str] = Places()
        self._free: Places[str] = Places()

    def observe(self, event: Event) -> None:
        """Follow all objects; an observer of the cache."""
        now = event.entry if event.type != "DELETED" else None
        key = event.entry.key
        self._owned.move(key, _owners(event.previous), _owners(now))
        self._free.move(key, _freedom(event.previous), _freedom(now))

    def dependents(self, uid: str) -> Iterable[str]:
        """Return the keys of the objects that name `uid` as an owner, sorted."""
        return sorted(self._owned.at(uid))

    def named(self, prefix: str, uid: str) -> set[str]:
        """Return the keys under `prefix` that name `uid`."""
        return {key for key in self._owned.at(uid) if key.startswith(prefix)}

    def free(self, prefix: str) -> Set[str]:
        """Return the keys of the objects under `prefix`, a namespace's, that have no controller."""
        return self._free.at(prefix)


def _owners(entry: Entry | None) -> frozenset[str]:
    # Most objects have no owner: looking for the member's name in the bytes is far cheaper than
    # decoding them, and a false hit only costs that decoding.
    if entry is None or b'"ownerReferences"' not in entry.value:
        return frozenset()
    return frozenset(owner.uid for owner in entry.meta.owner_references or ())


def _freedom(entry: Entry | None) -> frozenset[str]:
    """Return where an object without a controller stands: under its kind and namespace."""
    if entry is None or (b'"ownerReferences"' in entry.value and entry.controlled):
        return frozenset()
    return frozenset({entry.key[: entry.key.rfind("/") + 1]})
