"""The nodes' labels, and how many nodes have each value of one: kept change by change.

A *place* is a label and the labels that a node needs beside it to count at all.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Mapping
from typing import NamedTuple

from minikube8s.scheduler.topology.matching import Labels

PLACES = 128
"""Of how many places the values are kept; the one that was not asked for longest is dropped."""


class Place(NamedTuple):
    """A label of nodes, and all labels that a node has to have."""

    key: str
    among: tuple[str, ...] = ()

    def value(self, labels: Labels) -> str | None:
        """Return the label's value; None for a node that does not count."""
        for other in self.among:
            if other not in labels:
                return None
        return labels.get(self.key)


class Terrain:
    """All nodes' labels."""

    def __init__(self, places: int = PLACES) -> None:
        self._most = places
        self.labels: dict[str, Labels] = {}
        """By node."""
        self._domains: OrderedDict[Place, Counter[str]] = OrderedDict()

    def add(self, name: str, labels: Labels) -> None:
        """Take in a node."""
        self.labels[name] = labels
        for place, values in self._domains.items():
            value = place.value(labels)
            if value is not None:
                values[value] += 1

    def remove(self, name: str) -> None:
        """Forget a node."""
        labels = self.labels.pop(name)
        for place, values in self._domains.items():
            value = place.value(labels)
            if value is not None:
                values[value] -= 1
                if not values[value]:
                    del values[value]

    def domains(self, place: Place) -> Mapping[str, int]:
        """Return the values that there are, with their numbers of nodes. Never change it."""
        values = self._domains.get(place)
        if values is None:
            found = (place.value(labels) for labels in self.labels.values())
            values = self._domains[place] = Counter(one for one in found if one is not None)
            if len(self._domains) > self._most:
                self._domains.popitem(last=False)
        self._domains.move_to_end(place)
        return values
