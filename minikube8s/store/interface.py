"""What a store is: revisioned keys, and the errors it may raise.

Owns the vocabulary shared by every store and by the cache above them. It must not know any
particular store, nor what the stored bytes mean.

Every write takes the next integer of one global sequence, the *revision*. A store remembers a
bounded number of recent changes: everything after `oldest()` can be watched and read exactly as
it was; what lies before has been compacted.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import NamedTuple, Protocol

FIRST_REVISION = 1
"""The revision of a store that never held anything (0 means "any" to Kubernetes' clients)."""


class Blob(NamedTuple):
    """An encoded object with a hole where its revision goes."""

    head: bytes
    tail: bytes

    def at(self, revision: int) -> bytes:
        """Return the bytes with `revision` filled in."""
        return b"%s%d%s" % (self.head, revision, self.tail)


class Record(NamedTuple):
    """A live key: its value, and the revision that wrote it."""

    key: str
    value: bytes
    revision: int


class Change(NamedTuple):
    """One write. A deletion carries the last state, stamped with the deletion's revision."""

    key: str
    value: bytes
    revision: int
    deleted: bool


class Mismatch(Exception):
    """The key is not at the expected revision; `current` is what is there (None: nothing)."""

    def __init__(self, current: Record | None) -> None:
        at = f"at revision {current.revision}" if current else "absent"
        super().__init__(f"the key is {at}, not at the expected revision")
        self.current = current


class Compacted(Exception):
    """The revision asked for is no longer remembered; `oldest` is the first that is."""

    def __init__(self, oldest: int) -> None:
        super().__init__(f"the revision has been compacted, the oldest one kept is {oldest}")
        self.oldest = oldest


class StoreError(Exception):
    """The store cannot do its work; the message is a sentence that says what to do."""


class StoreLocked(StoreError):
    """Another process uses the same store."""


class StoreFull(StoreError):
    """There is no room left for the write, which was not made."""


class StoreDamaged(StoreError):
    """What is on disk is not what was written, or not a store at all."""


class StoreBusy(StoreError):
    """Too many writes are waiting already; the write was not made and may be tried again."""


class Store(Protocol):
    """Revisioned storage. Every implementation passes `tests/contract/test_store_contract.py`.

    All methods may raise StoreError. A write is acknowledged only when it is as durable as the
    store can make it; a write whose caller was cancelled may or may not have been made.
    """

    async def open(self) -> None:
        """Make the store usable; raises StoreLocked when another process has it."""

    async def close(self) -> None:
        """Finish what was accepted and let go of the store; harmless when called twice."""

    async def revision(self) -> int:
        """Return the revision of the latest write (FIRST_REVISION when there was none)."""

    async def oldest(self) -> int:
        """Return the oldest revision that `watch` and `range` can still start from."""

    async def get(self, key: str) -> Record | None:
        """Return the live record of `key`."""

    async def range(
        self, prefix: str, after: str = "", limit: int = 0, revision: int = 0
    ) -> tuple[list[Record], int]:
        """Return the records whose keys start with `prefix`, sorted, and the revision they show.

        Only keys greater than `after`, at most `limit` (0: all). `revision` (0: the latest) reads
        the past; raises Compacted when it is older than `oldest()`.
        """

    async def put(self, key: str, blob: Blob, expected: int | None) -> Record:
        """Write `key` if it is at revision `expected` (0: absent, None: whatever is there).

        Raises Mismatch otherwise.
        """

    async def delete(self, key: str, blob: Blob, expected: int | None) -> Change:
        """Delete `key` if it is at revision `expected` (None: whatever it is at).

        `blob` is the last state that watchers get. Raises Mismatch, also when the key is absent.
        """

    def watch(self, after_revision: int) -> AsyncIterator[Change]:
        """Yield every change after `after_revision` in order, without gap or duplicate, for ever.

        Raises Compacted when some of them are no longer remembered.
        """

    async def compact(self, revision: int) -> None:
        """Forget the changes up to `revision`; live records stay."""
