"""Which objects of one kind carry which label: an index that costs each change its own labels."""

from __future__ import annotations

from collections.abc import Set

from minikube8s.api.selectors import Selector
from minikube8s.store.entry import Entry
from minikube8s.store.watching import Event


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
        """Return keys under `prefix` among which are all that match.

        None means that no label tells: any object under `prefix` may match.
        """
        choices: list[list[set[str]]] = []
        for requirement in selector.requirements:
            if requirement.operator == "In":
                found = (self._keys.get((prefix, requirement.key, v)) for v in requirement.values)
                choices.append([keys for keys in found if keys])
        if not choices:
            return None
        rarest = min(choices, key=lambda sets: sum(map(len, sets)))
        return rarest[0] if len(rarest) == 1 else set().union(*rarest)


def _places(entry: Entry | None) -> frozenset[tuple[str, str, str]]:
    if entry is None or b'"labels"' not in entry.value:
        return frozenset()
    prefix = entry.key[: entry.key.rfind("/") + 1]
    return frozenset((prefix, name, value) for name, value in entry.labels.items())
