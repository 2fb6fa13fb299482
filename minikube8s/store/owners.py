"""Which objects name which owner, and which have no controller.

An index that costs each change its own owner references.
"""

from __future__ import annotations

from collections.abc import Iterable, Set

from minikube8s.store.entry import Entry
from minikube8s.store.watching import Event

_NONE: frozenset[str] = frozenset()


class Owners:
    """Keys of dependents by their owner's uid, and of free objects by their kind and namespace."""

    def __init__(self) -> None:
        self._keys: dict[str, set[str]] = {}
        self._free: dict[str, set[str]] = {}

    def observe(self, event: Event) -> None:
        """Follow all objects; an observer of the cache."""
        before = _owners(event.previous)
        after = frozenset() if event.type == "DELETED" else _owners(event.entry)
        key = event.entry.key
        for uid in before - after:
            keys = self._keys[uid]
            keys.discard(key)
            if not keys:
                del self._keys[uid]
        for uid in after - before:
            self._keys.setdefault(uid, set()).add(key)
        self._note_freedom(key, free=event.type != "DELETED" and not _controlled(event.entry))

    def dependents(self, uid: str) -> Iterable[str]:
        """Return the keys of the objects that name `uid` as an owner, sorted."""
        return sorted(self._keys.get(uid, ()))

    def named(self, prefix: str, uid: str) -> set[str]:
        """Return the keys under `prefix` that name `uid`."""
        return {key for key in self._keys.get(uid, ()) if key.startswith(prefix)}

    def free(self, prefix: str) -> Set[str]:
        """Return the keys of the objects under `prefix`, a namespace's, that have no controller."""
        return self._free.get(prefix, _NONE)

    def _note_freedom(self, key: str, *, free: bool) -> None:
        place = key[: key.rfind("/") + 1]
        keys = self._free.get(place)
        if free:
            if keys is None:
                keys = self._free[place] = set()
            keys.add(key)
        elif keys is not None:
            keys.discard(key)
            if not keys:
                del self._free[place]


def _owners(entry: Entry | None) -> frozenset[str]:
    # Most objects have no owner: looking for the member's name in the bytes is far cheaper than
    # decoding them, and a false hit only costs that decoding.
    if entry is None or b'"ownerReferences"' not in entry.value:
        return frozenset()
    return frozenset(owner.uid for owner in entry.meta.owner_references or ())


def _controlled(entry: Entry) -> bool:
    return b'"ownerReferences"' in entry.value and entry.controlled
