"""Which objects of one kind carry which label: an index that costs each change its own labels."""

from __future__ import annotations

from collections.abc import Set

from minikube8s.api.selectors import Selector
from minikube8s.store.entry import Entry
from minikube8s.store.watching import Event

_NONE: frozenset[str] = frozenset()


class Labelled:
    """Keys of objects by their namespace's prefix, a label and its value."""

    def __init__(self) -> None:
        self._keys: dict[tuple[str, str, str], set[str]] = {}

    def observe(self, event: Event) -> None:
        """Follow the objects of the kind; an observer of the cache."""
        before = _places(event.previous)
        after = frozenset() if event.type == "DELETED" else _places(event.entry)
        key = event.entry.key
        for place in before - after:
            keys = self._keys[place]
            keys.discard(key)
            if not keys:
                del self._keys[place]
        for place in after - before:
            self._keys.setdefault(place, set()).add(key)

    def candidates(self, prefix: str, selector: Selector) -> Set[str] | None:
        """Return the keys under `prefix` with the labels that the selector demands.

        Who demands no more than labels (`demands_all`) selects just these. None means that no
        label tells: any object under `prefix` may match.
        """
        choices: list[Set[str]] = []
        for requirement in selector.requirements:
            if requirement.operator == "In":
                found = [
                    self._keys.get((prefix, requirement.key, v), _NONE) for v in requirement.values
                ]
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


def _places(entry: Entry | None) -> frozenset[tuple[str, str, str]]:
    if entry is None or b'"labels"' not in entry.value:
        return frozenset()
    prefix = entry.key[: entry.key.rfind("/") + 1]
    return frozenset((prefix, name, value) for name, value in entry.labels.items())
