"""Finds the selectors that may mean some labels without trying every selector.

Owns one bucket a label value that a selector cannot do without. A bucket's members still have to
be matched.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Generic, TypeVar

from minikube8s.api.selectors import Selector

T = TypeVar("T")
Bucket = tuple[str, str] | tuple[str] | tuple[()]
"""A label's key and value, a key alone, or nothing that is certain."""


class ByLabel(Generic[T]):
    """Things with selectors."""

    def __init__(self) -> None:
        self._buckets: dict[Bucket, dict[T, None]] = {}

    @property
    def empty(self) -> bool:
        """Whether no selector is here that may mean anything."""
        return not self._buckets

    def add(self, thing: T, selector: Selector) -> None:
        """Take in a thing; one whose selector means nothing is never found."""
        for bucket in _buckets(selector):
            self._buckets.setdefault(bucket, {})[thing] = None

    def discard(self, thing: T, selector: Selector) -> None:
        """Forget a thing that was added with that selector."""
        for bucket in _buckets(selector):
            held = self._buckets.get(bucket)
            if held is not None:
                held.pop(thing, None)
                if not held:
                    del self._buckets[bucket]

    def candidates(self, labels: Mapping[str, str]) -> Iterator[T]:
        """Return each thing whose selector may match the labels."""
        if not self._buckets:
            return
        yield from self._buckets.get((), ())
        for key, value in labels.items():
            yield from self._buckets.get((key, value), ())
            yield from self._buckets.get((key,), ())


def _buckets(selector: Selector) -> Iterable[Bucket]:
    """Return where a thing with that selector lies: a pod's labels lead to one of these at most."""
    if selector.nothing:
        return ()
    for requirement in selector.requirements:
        if requirement.operator == "In":
            return dict.fromkeys((requirement.key, value) for value in requirement.values)
    for requirement in selector.requirements:
        if requirement.operator == "Exists":
            return ((requirement.key,),)
    return ((),)
