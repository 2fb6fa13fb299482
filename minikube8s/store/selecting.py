"""Which objects may select a label: an index that costs each change its own selector."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from minikube8s.api.selectors import Selector
from minikube8s.store.entry import Entry
from minikube8s.store.places import Places
from minikube8s.store.watching import Event

SelectorOf = Callable[[Entry], Selector]
_Place = tuple[str, str, str]


class Selecting:
    """Keys of objects by their namespace's prefix and one label that their selector demands.

    Those whose selector demands no label stand under none, those that select nothing nowhere.
    `selector_of` is a function of a module, not one that is made for each call.
    """

    def __init__(self, selector_of: SelectorOf) -> None:
        self._selector_of = selector_of
        self._keys: Places[_Place] = Places()

    def observe(self, event: Event) -> None:
        """Follow the objects of the kind; an observer of the cache."""
        now = event.entry if event.type != "DELETED" else None
        self._keys.move(event.entry.key, self._places(event.previous), self._places(now))

    def candidates(self, prefix: str, labels: Mapping[str, str]) -> set[str]:
        """Return keys under `prefix` among which are all whose selector matches `labels`."""
        places = [(prefix, "", ""), *((prefix, name, value) for name, value in labels.items())]
        return set().union(*(self._keys.at(place) for place in places))

    def _places(self, entry: Entry | None) -> frozenset[_Place]:
        if entry is None:
            return frozenset()
        selector = entry.digest(self._selector_of)
        if selector.nothing:
            return frozenset()
        prefix = entry.key[: entry.key.rfind("/") + 1]
        for demand in selector.requirements:
            if demand.operator == "In":
                return frozenset((prefix, demand.key, value) for value in demand.values)
        return frozenset({(prefix, "", "")})
