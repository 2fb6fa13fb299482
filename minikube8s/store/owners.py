"""Which objects name which owner: an index that costs each change its own owner references."""

from __future__ import annotations

from collections.abc import Iterable

from minikube8s.store.entry import Entry


class Owners:
    """Keys of dependents by their owner's uid."""

    def __init__(self) -> None:
        self._keys: dict[str, set[str]] = {}

    def replace(self, previous: Entry | None, current: Entry | None) -> None:
        """Take note that an object went from `previous` to `current` (None: absent)."""
        before, after = _owners(previous), _owners(current)
        if previous is not None:
            for uid in before - after:
                keys = self._keys[uid]
                keys.discard(previous.key)
                if not keys:
                    del self._keys[uid]
        if current is not None:
            for uid in after - before:
                self._keys.setdefault(uid, set()).add(current.key)

    def dependents(self, uid: str) -> Iterable[str]:
        """Return the keys of the objects that name `uid` as an owner, sorted."""
        return sorted(self._keys.get(uid, ()))


def _owners(entry: Entry | None) -> frozenset[str]:
    # Most objects have no owner: looking for the member's name in the bytes is far cheaper than
    # decoding them, and a false hit only costs that decoding.
    if entry is None or b'"ownerReferences"' not in entry.value:
        return frozenset()
    return frozenset(owner.uid for owner in entry.meta.owner_references or ())
