"""Pods that no node takes: they wait for a change that may help, not for time to pass.

Owns which changes wake whom (each filter that refused a pod says so itself) and how long a pod that
was refused several times holds back then, so that a crowd of hopeless pods does not take every
change for itself. Pods that a filter treats alike are asked for together.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping
from typing import NamedTuple

from minikube8s.kit.backoff import Backoff
from minikube8s.scheduler.framework import Change, Filter, Kind, LocalFilter
from minikube8s.scheduler.pods import Incoming, PodKey

BACKOFF = Backoff(initial=1.0, maximum=10.0)
_NO_FILTER = ""
"""Refused them all: there was no node."""


class Woken(NamedTuple):
    """A pod that may be helped, and the seconds that it still holds back."""

    key: PodKey
    priority: int
    pause: float


class _Refused(NamedTuple):
    attempts: int
    earliest: float


class _Parked(NamedTuple):
    wanted: Incoming
    kins: Mapping[str, Hashable]
    """By the filters that refused it, with whom these treat it alike."""


class Parking:
    """The pods that were refused. Times are monotonic seconds."""

    def __init__(self, filters: Iterable[Filter | LocalFilter]) -> None:
        self._filters = {one.name: one for one in filters}
        self._refused: dict[PodKey, _Refused] = {}
        self._parked: dict[PodKey, _Parked] = {}
        self._by: dict[str, dict[Hashable, dict[PodKey, Incoming]]] = {}
        """By filter, those that it treats alike."""

    def __len__(self) -> int:
        """Number of pods that wait for a change."""
        return len(self._parked)

    def keys(self) -> set[PodKey]:
        """Return the pods that were refused last time, whether they wait here or hold back."""
        return set(self._refused)

    def park(self, wanted: Incoming, refused_by: frozenset[str], now: float) -> None:
        """Take in a pod that was refused just now; by no filter if there was no node."""
        key = wanted.facts.key
        self._unpark(key)
        attempts = self._refused[key].attempts + 1 if key in self._refused else 1
        # The first refusal costs nothing: often the node is just about to come.
        pause = BACKOFF.delay(attempts - 2) if attempts > 1 else 0.0
        self._refused[key] = _Refused(attempts, now + pause)
        names = refused_by or frozenset({_NO_FILTER})
        kins = {name: self._filters[name].kin(wanted) if name else name for name in names}
        self._parked[key] = _Parked(wanted, kins)
        for name, kin in kins.items():
            self._by.setdefault(name, {}).setdefault(kin, {})[key] = wanted

    def forget(self, key: PodKey) -> None:
        """Forget a pod that was placed, changed or deleted."""
        self._refused.pop(key, None)
        self._unpark(key)

    def release(self, change: Change, now: float) -> list[Woken]:
        """Let those pods go that a change may help."""
        helped = [key for name in self._by for key in self._helped(name, change)]
        return [self._let_go(key, now) for key in dict.fromkeys(helped)]

    def release_all(self, now: float) -> list[Woken]:
        """Let all pods go: something may have been missed."""
        return [self._let_go(key, now) for key in list(self._parked)]

    def release_one(self, key: PodKey, now: float) -> list[Woken]:
        """Let one pod go, if it is here."""
        return [self._let_go(key, now)] if key in self._parked else []

    def _helped(self, name: str, change: Change) -> Iterator[PodKey]:
        kins = self._by[name]
        if name == _NO_FILTER:
            if change.kind is Kind.NODE_ADDED:
                for pods in kins.values():
                    yield from pods
            return
        one = self._filters[name]
        if change.kind not in one.wakes:
            return
        for pods in kins.values():
            if one.helps(next(iter(pods.values())), change):
                yield from pods

    def _let_go(self, key: PodKey, now: float) -> Woken:
        priority = self._parked[key].wanted.facts.priority
        self._unpark(key)
        return Woken(key, priority, max(0.0, self._refused[key].earliest - now))

    def _unpark(self, key: PodKey) -> None:
        parked = self._parked.pop(key, None)
        if parked is None:
            return
        for name, kin in parked.kins.items():
            kins = self._by[name]
            del kins[kin][key]
            if not kins[kin]:
                del kins[kin]
            if not kins:
                del self._by[name]
