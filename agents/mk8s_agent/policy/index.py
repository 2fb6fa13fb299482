"""Finds the selectors that may match a pod without asking all of them. Pure."""

from collections.abc import Iterator
from typing import Generic, TypeVar

from minikube8s.api.selectors import Selector
from mk8s_agent.policy.values import Labels, PeerSelector

T = TypeVar("T")
_Place = tuple[str | None, tuple[str, str] | None]


class SelectorIndex(Generic[T]):
    """Items by a label that a pod must have for the selector to match, and by its namespace."""

    def __init__(self) -> None:
        self._places: dict[_Place, dict[T, None]] = {}

    def add(self, selector: PeerSelector, item: T) -> None:
        """Have the item found for pods that the selector may match."""
        for place in _places(selector):
            self._places.setdefault(place, {})[item] = None

    def remove(self, selector: PeerSelector, item: T) -> None:
        """Take out what was added for this selector."""
        for place in _places(selector):
            items = self._places[place]
            del items[item]
            if not items:
                del self._places[place]

    def candidates(self, namespace: str, labels: Labels) -> Iterator[T]:
        """All items whose selectors may match such a pod, and few others; each once."""
        for scope in (namespace, None):
            yield from self._places.get((scope, None), ())
            for label in labels.items():
                yield from self._places.get((scope, label), ())


def _places(selector: PeerSelector) -> list[_Place]:
    return [(selector.namespace, label) for label in _anchors(selector.pods)]


def _anchors(pods: Selector) -> list[tuple[str, str] | None]:
    """Labels of which a pod that is selected has exactly one; [None]: there are none such."""
    for requirement in pods.requirements:
        if requirement.operator == "In":
            return [(requirement.key, value) for value in dict.fromkeys(requirement.values)]
    return [None]
