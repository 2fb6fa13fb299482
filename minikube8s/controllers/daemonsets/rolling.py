"""Which nodes' pods are replaced next by the template's revision. Pure.

With maxUnavailable the old pod goes first; with maxSurge the new one comes first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from minikube8s.api.views import DaemonSet
from minikube8s.controllers.daemonsets.model import Place, Round
from minikube8s.controllers.podfacts import PodFacts


@dataclass(frozen=True, slots=True)
class Limits:
    """How many nodes may miss their pod, or have two of them, for an update."""

    unavailable: int
    surge: int


class Moves(NamedTuple):
    """The pods to delete, and the nodes to create one on."""

    leaving: list[PodFacts]
    nodes: list[str]


NO_MOVES = Moves([], [])


class _Pair(NamedTuple):
    """A node's pods that stay."""

    place: Place
    old: list[PodFacts]
    new: list[PodFacts]


def is_rolling(view: DaemonSet) -> bool:
    """Tell whether pods of other revisions are replaced by themselves."""
    return view.spec.update_strategy.type != "OnDelete"


def surges(view: DaemonSet) -> bool:
    """Tell whether a new pod comes before the old one goes."""
    return is_rolling(view) and limits(view, 1).surge > 0


def limits(view: DaemonSet, nodes: int) -> Limits:
    """Resolve maxUnavailable and maxSurge for so many nodes; percentages round up."""
    rolling = view.spec.update_strategy.rolling_update
    surge = _resolve(rolling.max_surge, nodes)
    unavailable = _resolve(rolling.max_unavailable, nodes)
    return Limits(unavailable if unavailable or surge else 1, surge)


def _resolve(value: int | str, total: int) -> int:
    if isinstance(value, int):
        return value
    return -(-int(value.removesuffix("%")) * total // 100)


def moves(look: Round) -> Moves:
    """Return the next steps of an update; none when there is nothing to replace."""
    desired = look.desired
    if not is_rolling(look.view):
        return NO_MOVES
    pairs = [_pair(look, place) for place in desired]
    if not any(one.old for one in pairs):
        return NO_MOVES
    bounds = limits(look.view, len(desired))
    if bounds.surge:
        return _surge(look, pairs, bounds.surge)
    return Moves(_replace(look, pairs, bounds.unavailable), [])


def _pair(look: Round, place: Place) -> _Pair:
    staying = place.staying
    new = [pod for pod in staying if look.is_updated(pod)]
    return _Pair(place, [pod for pod in staying if not look.is_updated(pod)], new)


def _replace(look: Round, pairs: Sequence[_Pair], most: int) -> list[PodFacts]:
    """Return old pods to delete: all that do not serve, and others as far as `most` allows."""
    broken: list[PodFacts] = []
    serving: list[PodFacts] = []
    missing = 0
    for pair in pairs:
        if len(pair.old) == 1 and not pair.new:
            served = look.is_available(pair.old[0])
            (serving if served else broken).append(pair.old[0])
            missing += not served
        elif not (len(pair.new) == 1 and not pair.old and look.is_available(pair.new[0])):
            missing += 1
    return broken + serving[: max(0, most - missing)]


def _surge(look: Round, pairs: Sequence[_Pair], most: int) -> Moves:
    """Return where a new pod may come beside the old one, and old ones that are not needed.

    A new pod that comes instead of one that does not serve is none too many.
    """
    instead: list[str] = []
    beside: list[str] = []
    leaving: list[PodFacts] = []
    doubled = 0
    for pair in pairs:
        if not pair.old:
            continue
        if pair.new:
            if any(look.is_available(pod) for pod in pair.new):
                leaving += pair.old
            else:
                doubled += 1
        elif any(look.is_available(pod) for pod in pair.old):
            beside.append(pair.place.node)
        else:
            instead.append(pair.place.node)
    return Moves(leaving, instead + beside[: max(0, most - doubled)])
