"""`taint`: which pods a node keeps away."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from minikube8s.api import names
from minikube8s.cli.errors import CommandError

EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")
Taint = dict[str, str]


class Changes(NamedTuple):
    """Taints to put on a node, and those to take off it (without effect: all of that key)."""

    add: list[Taint]
    remove: list[Taint]


def parse(words: Iterable[str]) -> Changes:
    """`key=value:effect`, `key:effect`, `key:effect-`, `key-`. Raises CommandError."""
    changes = Changes([], [])
    seen = set()
    for word in words:
        taint = _parsed(word.removesuffix("-"))
        if word.endswith("-"):
            changes.remove.append({k: v for k, v in taint.items() if k != "value"})
            continue
        if not taint.get("effect"):
            raise CommandError(
                f"invalid taint spec: {word}: say what the taint does, as KEY=VALUE:EFFECT "
                f"with an effect of {', '.join(EFFECTS)}"
            )
        if _place(taint) in seen:
            raise CommandError(f"duplicated taints with the same key and effect: {word}")
        seen.add(_place(taint))
        changes.add.append(taint)
    both = [_place(taint) for taint in changes.remove if _place(taint) in seen]
    if both:
        raise CommandError(
            "can not both modify and remove the following taint(s) in the same command: "
            + ", ".join("=".join(place) for place in both)
        )
    return changes


def held(present: Sequence[Taint], changes: Changes) -> list[str]:
    """The keys of the taints to add that the node has with the same effect."""
    places = {_place(taint) for taint in present}
    return [taint["key"] for taint in changes.add if _place(taint) in places]


def changed(
    present: Sequence[Taint], changes: Changes, *, overwrite: bool
) -> tuple[list[Taint], str]:
    """The taints as wanted, and kubectl's word for it. Raises CommandError for absent ones."""
    wanted = {_place(taint) for taint in changes.add}
    taints = [*changes.add, *(taint for taint in present if _place(taint) not in wanted)]
    added = len(taints) != len(present)
    removed = False
    for gone in changes.remove:
        left = [taint for taint in taints if not _covers(gone, taint)]
        if len(left) == len(taints):
            text = ":".join(gone.values())
            raise CommandError(f'taint "{text}" not found')
        taints, removed = left, True
    if overwrite or (added and removed):
        return taints, "modified"
    return taints, "tainted" if added else "untainted"


def _parsed(spec: str) -> Taint:
    pair, _, effect = spec.partition(":")
    key, _, value = pair.partition("=")
    wrong = names.qualified_name(key) or (names.label_value(value) if value else [])
    if wrong:
        raise CommandError(f"invalid taint spec: {spec}, {'; '.join(wrong)}")
    if effect and effect not in EFFECTS:
        raise CommandError(
            f"invalid taint effect: {effect}, unsupported taint effect: use one of "
            + ", ".join(EFFECTS)
        )
    taint = {"key": key, "value": value, "effect": effect}
    return {field: text for field, text in taint.items() if text}


def _place(taint: Taint) -> tuple[str, str]:
    return taint["key"], taint.get("effect", "")


def _covers(gone: Taint, taint: Taint) -> bool:
    return gone["key"] == taint["key"] and gone.get("effect") in (None, taint.get("effect"))
