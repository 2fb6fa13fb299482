"""`matchLabelKeys` and `mismatchLabelKeys` of a new pod's affinity. Pure.

Owns that they become part of the term's labelSelector, with the pod's own values: from then on the
selector alone counts.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Obj = dict[str, Any]


def merge(pod: Obj) -> None:
    """Add to each term's selector what its label keys mean for this pod."""
    affinity = pod["spec"].get("affinity") or {}
    labels = pod["metadata"].get("labels") or {}
    for side in ("podAffinity", "podAntiAffinity"):
        for term in _terms(affinity.get(side) or {}):
            selector = term.get("labelSelector")
            more = [*_expressions(term, labels)]
            if selector is not None and more:
                selector["matchExpressions"] = [*(selector.get("matchExpressions") or ()), *more]


def _terms(side: Obj) -> Iterator[Obj]:
    yield from side.get("requiredDuringSchedulingIgnoredDuringExecution") or ()
    for wish in side.get("preferredDuringSchedulingIgnoredDuringExecution") or ():
        yield wish.get("podAffinityTerm") or {}


def _expressions(term: Obj, labels: dict[str, str]) -> Iterator[Obj]:
    for field, operator in (("matchLabelKeys", "In"), ("mismatchLabelKeys", "NotIn")):
        for key in term.get(field) or ():
            if key in labels:
                yield {"key": key, "operator": operator, "values": [labels[key]]}
