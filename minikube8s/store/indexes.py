"""Questions about live objects that an index answers: by owner, by label, by selector.

Owns the indexes: that of owners from the start, others from the first question of their sort on.
What an answer costs does not depend on objects that have nothing to do with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

from minikube8s.api.selectors import Selector
from minikube8s.store.bucket import Entries
from minikube8s.store.entry import Entry
from minikube8s.store.labels import Labelled, demands_all
from minikube8s.store.owners import Owners
from minikube8s.store.selecting import Selecting, SelectorOf
from minikube8s.store.watching import Event


class Shown(Protocol):
    """What indexes need of the cache, see `cache.Cache`."""

    def get(self, key: str) -> Entry | None:
        """Return the live entry of `key`."""
        ...

    def list(self, prefix: str) -> Entries:
        """Return the live entries under `prefix`, sorted by key."""
        ...

    def observe(self, prefix: str, observer: Callable[[Event], None]) -> None:
        """Call `observer` with what is live under `prefix`, and with every event."""
        ...


class Indexes:
    """The indexes of one cache. All answers are sorted by key."""

    def __init__(self, shown: Shown) -> None:
        self._shown = shown
        self._owners = Owners()
        self._labelled: dict[str, Labelled] = {}
        self._selecting: dict[tuple[str, SelectorOf], Selecting] = {}
        shown.observe("", self._owners.observe)

    def dependents(self, uid: str) -> Entries:
        """Return the live entries that name `uid` among their owners."""
        return self._entries(self._owners.dependents(uid))

    def claimable(
        self, kind: str, prefix: str, uid: str, selector: Selector | None = None
    ) -> Entries:
        """Return the live entries under `prefix`, a namespace of `kind`, that `uid` may have.

        They name `uid` among their owners, or have no controller (and, with `selector`, may match
        it: that is up to the caller to see).
        """
        free = self._owners.free(prefix)
        if free and selector is not None:
            labelled = self._labels_of(kind).candidates(prefix, selector)
            free = free if labelled is None else free & labelled
        return self._entries(sorted(self._owners.named(prefix, uid) | free))

    def selected(self, kind: str, prefix: str, selector: Selector) -> Entries:
        """Return the live entries under `prefix`, a namespace of `kind`, whose labels match."""
        if selector.nothing:
            return []
        keys = self._labels_of(kind).candidates(prefix, selector)
        if keys is None:
            return [one for one in self._shown.list(prefix) if selector.matches(one.labels)]
        found = self._entries(sorted(keys))
        if demands_all(selector):
            return found
        return [one for one in found if selector.matches(one.labels)]

    def selecting(
        self, kind: str, prefix: str, labels: Mapping[str, str], selector_of: SelectorOf
    ) -> Entries:
        """Return the live entries under `prefix`, a namespace of `kind`, that select `labels`.

        `selector_of` tells their selector.
        """
        index = self._selecting.get((kind, selector_of))
        if index is None:
            index = self._selecting[kind, selector_of] = Selecting(selector_of)
            self._shown.observe(kind, index.observe)
        found = self._entries(sorted(index.candidates(prefix, labels)))
        return [one for one in found if one.digest(selector_of).matches(labels)]

    def _labels_of(self, kind: str) -> Labelled:
        index = self._labelled.get(kind)
        if index is None:
            index = self._labelled[kind] = Labelled()
            self._shown.observe(kind, index.observe)
        return index

    def _entries(self, keys: Iterable[str]) -> Entries:
        return [entry for key in keys if (entry := self._shown.get(key)) is not None]
