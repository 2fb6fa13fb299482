"""The live objects of one kind, in the order of their keys, and their recent events."""

from __future__ import annotations

from bisect import bisect_left, insort

from minikube8s.store.entry import Entry
from minikube8s.store.watching import Event, Ring

_LAST = "\U0010ffff"

Entries = list[Entry]


class Bucket:
    """Entries by key. Listing a namespace costs what it returns, not what the kind holds."""

    __slots__ = ("_entries", "_keys", "ring")

    def __init__(self, floor: int) -> None:
        self._entries: dict[str, Entry] = {}
        self._keys: list[str] = []
        self.ring = Ring(floor)

    def get(self, key: str) -> Entry | None:
        """Return the live entry of `key`."""
        return self._entries.get(key)

    def list(self, prefix: str) -> Entries:
        """Return the live entries under `prefix`, sorted by key."""
        start, end = self._span(prefix)
        return [self._entries[key] for key in self._keys[start:end]]

    def count(self, prefix: str) -> int:
        """Return how many live entries are under `prefix`."""
        start, end = self._span(prefix)
        return end - start

    def load(self, entries: Entries) -> None:
        """Start from `entries`, sorted by key, without any event."""
        self._entries = {entry.key: entry for entry in entries}
        self._keys = [entry.key for entry in entries]

    def put(self, entry: Entry) -> Event:
        """Make `entry` the live one of its key; return what watchers get."""
        previous = self._entries.get(entry.key)
        if previous is None:
            insort(self._keys, entry.key)
        self._entries[entry.key] = entry
        event = Event("MODIFIED" if previous else "ADDED", entry, previous, entry.revision)
        self.ring.append(event)
        return event

    def remove(self, last: Entry) -> Event:
        """Remove the live entry of `last.key`; return what watchers get."""
        previous = self._entries.pop(last.key, None)
        if previous is not None:
            del self._keys[bisect_left(self._keys, last.key)]
        event = Event("DELETED", last, previous, last.revision)
        self.ring.append(event)
        return event

    def _span(self, prefix: str) -> tuple[int, int]:
        start = bisect_left(self._keys, prefix)
        return start, bisect_left(self._keys, prefix + _LAST, lo=start)
