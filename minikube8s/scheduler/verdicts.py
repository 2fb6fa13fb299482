"""What local filters and scores said of a node, kept until the node changes.

They see a shape and a node's state alone, so their answer holds for every pod of that shape as long
as the state has the same version. Bounded: the shapes that were asked for last.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import NamedTuple

from minikube8s.scheduler.framework import LocalFilter, LocalScore, Refusal
from minikube8s.scheduler.pods import Shape
from minikube8s.scheduler.states import NodeState, View

SHAPES = 64
"""Of how many shapes the verdicts about all nodes are kept."""


class Verdict(NamedTuple):
    """A refusal; or the points of each absolute score, their sum, and each relative number."""

    version: int
    refusal: Refusal | None
    points: Sequence[int] = ()
    total: int = 0
    numbers: Sequence[float] = ()
    """Empty when all are 0."""
    pods: int = 0
    """How many pods the node has."""


class Verdicts:
    """The verdicts of one profile's local plugins, by shape and node."""

    def __init__(
        self, filters: Sequence[LocalFilter], scores: Sequence[tuple[int, LocalScore]]
    ) -> None:
        self._filters = filters
        self._absolute = [(weight, one) for weight, one in scores if not one.relative]
        self._relative = [one for _, one in scores if one.relative]
        self._kept: OrderedDict[Shape, tuple[View, list[Verdict | None]]] = OrderedDict()

    def of(self, shape: Shape, view: View) -> list[Verdict | None]:
        """Return what is known of each of the nodes, in their order.

        Who finds a gap or another version judges anew, and fills it in.
        """
        found = self._kept.get(shape)
        if found is not None and found[0] is view:
            self._kept.move_to_end(shape)
            return found[1]
        known: dict[str, Verdict | None] = {}
        if found is not None:
            names = (state.name for state in found[0].states)
            known = dict(zip(names, found[1], strict=True))
        verdicts = [known.get(state.name) for state in view.states]
        self._kept[shape] = (view, verdicts)
        self._kept.move_to_end(shape)
        if len(self._kept) > SHAPES:
            self._kept.popitem(last=False)
        return verdicts

    def refusal(self, shape: Shape, state: NodeState) -> Refusal | None:
        """Ask the filters, whatever is known."""
        for one in self._filters:
            refusal = one.check(shape, state)
            if refusal is not None:
                return refusal
        return None

    def judge(self, shape: Shape, state: NodeState) -> Verdict:
        """Ask the filters and, of a node that fits, the scores."""
        refusal = self.refusal(shape, state)
        if refusal is not None:
            return Verdict(state.version, refusal)
        points = [weight * int(one.rate(shape, state)) for weight, one in self._absolute]
        numbers = [one.rate(shape, state) for one in self._relative]
        shown = numbers if any(numbers) else ()
        return Verdict(state.version, None, points, sum(points), shown, len(state.pods))
