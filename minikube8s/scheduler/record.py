"""The record of a decision: the message of a bound pod's condition PodScheduled. Pure.

It is written together with the binding, so it is there as long as the pod is, and costs no write of
its own. `write` makes it, `read` understands it. At most BYTES long; the parts are joined by "; ":

    3 of 4 nodes fit; node2 scored 287 (NodeResourcesFit 93, NodeResourcesBalancedAllocation 99,
    ImageLocality 95), node1 203, node3 180; node4: Insufficient cpu

1. How many nodes fit, of how many that were looked at: `3 of 4 nodes fit`. When the search ended
   before it had seen every node, `100 of 104 nodes fit, 896 not looked at`.
2. What decided between them. `NODE scored TOTAL (SCORE POINTS, …), NODE TOTAL, …`: the chosen node,
   then the next best, up to three, as long as there is room; points are times their weights, so
   that they add up to the total, and scores that make no difference between nodes are left out.
   `only NODE`: there was no other. `nominated NODE`: it was promised the place, which others had
   been preempted for, and it fitted.
3. Why the others were refused, the most frequent reason first: `NODE, NODE: REASON, REASON`. After
   the third node of a reason, `and 12 more`. Reasons that there is no room for are counted at the
   end: `and 2 more reasons`.

Node names contain neither spaces nor commas, and reasons no semicolon.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from minikube8s.scheduler.decision import Decision

BYTES = 1024
NODES = 3
"""How many nodes are named for each reason."""

_CHOICE = BYTES - 128
"""How long the second part is at most, for the next best nodes to be told of."""
_JOIN = "; "
_FIT = re.compile(r"(\d+) of (\d+) nodes fit(?:, (\d+) not looked at)?")
_SCORED = re.compile(r"(\S+) scored (\d+) \((.*?)\)((?:, \S+ \d+)*)")
_REFUSED = re.compile(r"([^\s,:]+(?:, [^\s,:]+)*)(?: and (\d+) more)?: (.+)")
_MORE = re.compile(r"and (\d+) more reasons")


@dataclass(frozen=True, slots=True)
class Refused:
    """Nodes that were refused for the same reasons; `more` of them are not named."""

    nodes: tuple[str, ...]
    more: int
    reasons: str


@dataclass(frozen=True, slots=True)
class Record:
    """What a record says."""

    fitting: int
    looked: int
    unseen: int = 0
    """How many nodes were not looked at."""
    node: str = ""
    how: str = ""
    """"scored", "only" or "nominated"."""
    total: int = 0
    points: tuple[tuple[str, int], ...] = ()
    others: tuple[tuple[str, int], ...] = ()
    """The next best nodes and their totals."""
    refused: tuple[Refused, ...] = ()
    more: int = 0
    """How many reasons are left out."""


def write(decision: Decision) -> str:
    """Return the record of a decision that chose a node."""
    looked = decision.fitting + len(decision.refusals)
    unseen = decision.nodes - looked
    if decision.nominated:
        parts = [f"nominated {decision.node}"]
    else:
        fit = f"{decision.fitting} of {looked} nodes fit"
        parts = [f"{fit}, {unseen} not looked at" if unseen else fit, _choice(decision)]
    groups = _groups(decision)
    left = BYTES - len(_JOIN.join(parts)) - len("; and 9999 more reasons")
    for done, group in enumerate(groups):
        left -= len(_JOIN) + len(group.encode())
        if left < 0:
            parts.append(f"and {len(groups) - done} more reasons")
            break
        parts.append(group)
    return _JOIN.join(parts)


def read(message: str) -> Record | None:
    """Return what a record says; None when the text is none."""
    parts = message.split(_JOIN)
    if parts[0].startswith("nominated "):
        return Record(1, 1, node=parts[0].removeprefix("nominated "), how="nominated")
    fit = _FIT.fullmatch(parts[0])
    if fit is None or len(parts) < 2:
        return None
    fitting, looked, unseen = (int(number or 0) for number in fit.groups())
    refused, more = _refused(parts[2:])
    if parts[1].startswith("only "):
        node = parts[1].removeprefix("only ")
        return Record(fitting, looked, unseen, node, "only", refused=refused, more=more)
    scored = _SCORED.fullmatch(parts[1])
    if scored is None:
        return None
    node, total, points, others = scored.groups()
    return Record(
        fitting,
        looked,
        unseen,
        node,
        "scored",
        int(total),
        _pairs(points),
        _pairs(others.removeprefix(", ")),
        refused,
        more,
    )


def _choice(decision: Decision) -> str:
    best, *others = decision.ranking
    if decision.fitting == 1:
        return f"only {best.node}"
    points = ", ".join(f"{name} {number}" for name, number in best.points)
    chosen = f"{best.node} scored {best.total} ({points})"
    for one in others:
        more = f"{chosen}, {one.node} {one.total}"
        if len(more) > _CHOICE:
            break
        chosen = more
    return chosen


def _groups(decision: Decision) -> list[str]:
    nodes: dict[str, list[str]] = {}
    for node, refusal in decision.refusals.items():
        nodes.setdefault(", ".join(refusal.reasons), []).append(node)
    groups = sorted(nodes.items(), key=lambda one: (-len(one[1]), one[0]))
    return [f"{_named(sorted(names))}: {reasons}" for reasons, names in groups]


def _named(nodes: list[str]) -> str:
    named = ", ".join(nodes[:NODES])
    return f"{named} and {len(nodes) - NODES} more" if len(nodes) > NODES else named


def _refused(parts: Iterable[str]) -> tuple[tuple[Refused, ...], int]:
    found: list[Refused] = []
    for part in parts:
        if more := _MORE.fullmatch(part):
            return tuple(found), int(more[1])
        if group := _REFUSED.fullmatch(part):
            names, others, reasons = group.groups()
            found.append(Refused(tuple(names.split(", ")), int(others or 0), reasons))
    return tuple(found), 0


def _pairs(text: str) -> tuple[tuple[str, int], ...]:
    words = (one.rpartition(" ") for one in text.split(", ") if one)
    return tuple((name, int(number)) for name, _, number in words)
