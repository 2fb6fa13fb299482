"""Which objects of one kind carry which label: an index that costs each change its own labels."""

from __future__ import annotations

from collections.abc import Set

from minikube8s.api.selectors import Selector
from minikube8s.store.entry import Entry
from minikube8s.store.places import Places
from minikube8s.store.watching import Event

_Place = tuple[str, str, str]


class Labelled:
    """Keys of objects by their namespace's prefix, a label and its value."""

    def __init__(self) -> None:
        self._keys: Places[_Place] = Places()

    def observe(self, event: Event) -> None:
        """Follow the objects of the kind; an observer of the cache."""
        now = event.entry if event.type != "DELETED" else None
        self._keys.move(event.entry.key, _places(event.previous), _places(now))

    def candidates(self, prefix: str, selector: Selector) -> Set[str] | None:
        """Return the keys under `prefix` with the labels that the selector demands.

        Who demands no more than labels (`demands_all`) selects just these. None means that no
        label tells: any object under `prefix` may match.
        """
        choices: list[Set[str]] = []
        for requirement in selector.requirements:
            if requirement.operator == "In":
                found = [self._keys.at((prefix, requirement.key, v)) for v in requirement.values]
                choices.append(found[0] if len(found) == 1 else set().union(*found))
        if not choices:
            return None
        first, *rest = sorted(choices, key=len)
        for other in rest:
            first = first & other
        return first


def demands_all(selector: Selector) -> bool:
    """Tell whether the selector consists of demands for labels alone."""
    return all(one.operator == "In" for one in selector.requirements)


def _places(entry: Entry | None) -> frozenset[_Place]:
    if entry is None or b'"labels"' not in entry.value:
        return frozenset()
    prefix = entry.key[: entry.key.rfind("/") + 1]
    return frozenset((prefix, name, value) for name, value in entry.labels.items())
