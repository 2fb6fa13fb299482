"""Which keys stand where: what the cache's indexes are made of. Knows nothing of objects."""

from __future__ import annotations

from collections.abc import Hashable, Set
from typing import Generic, TypeVar

P = TypeVar("P", bound=Hashable)

_NONE: frozenset[str] = frozenset()


class Places(Generic[P]):
    """Keys by place; a key may stand at several. A place without keys takes no memory."""

    def __init__(self) -> None:
        self._keys: dict[P, set[str]] = {}

    def move(self, key: str, before: Set[P], after: Set[P]) -> None:
        """Take `key` from where it stood `before`, and put it where it stands `after`."""
        for place in before - after:
            keys = self._keys.get(place)
            if keys is None:
                continue
            keys.discard(key)
            if not keys:
                del self._keys[place]
        for place in after - before:
            self._keys.setdefault(place, set()).add(key)

    def at(self, place: P) -> Set[str]:
        """Return the keys at a place. They change with it: use them at once."""
        return self._keys.get(place, _NONE)
