"""The registry's last step: one compare-and-put, whose faults are a client's errors."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

from minikube8s.api import errors
from minikube8s.store import encode
from minikube8s.store.cache import Cache
from minikube8s.store.entry import Entry
from minikube8s.store.interface import Blob, Mismatch, StoreBusy, StoreError

OBJECT_BYTES = 1536 * 1024
"""The largest object that is stored, as with etcd's usual limit."""


class Storing:
    """Writes through the cache. Raises Mismatch for a lost race, else ApiErrors."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache

    async def put(self, key: str, blob: Blob, expected: int) -> Entry:
        """Store an object whose key is at the revision `expected` (0: it is new)."""
        size = len(blob.head) + len(blob.tail)
        if size > OBJECT_BYTES:
            raise errors.too_large(f"the object has {size} bytes, limit is {OBJECT_BYTES}")
        return await _translated(self._cache.put(key, blob, expected))

    async def remove(self, key: str, last: Blob, expected: int) -> Entry:
        """Remove an object whose key is at the revision `expected`; `last` is its last state."""
        return await _translated(self._cache.delete(key, last, expected))

    async def expire(self, key: str, revision: int) -> None:
        """Remove an object unless it was changed after `revision`."""
        entry = self._cache.get(key)
        if entry is None or entry.revision != revision:
            return
        try:
            await self.remove(key, encode.blob(encode.decode(entry.value)), revision)
        except Mismatch:
            # It was changed just now: its time starts anew.
            return


def unstored(key: str, obj: dict[str, Any], revision: int = 0) -> Entry:
    """Return an entry that shows what would be stored; one never stored has no revision."""
    value = encode.blob(obj).at(revision) if revision else encode.unrevised(obj)
    return Entry(key, value, revision)


async def _translated(write: Awaitable[Entry]) -> Entry:
    try:
        return await write
    except StoreBusy as error:
        raise errors.too_many_requests(str(error)) from error
    except StoreError as error:
        raise errors.internal(str(error)) from error
