"""Draws who owns whom, from objects' ownerReferences. Pure.

https://kubernetes.io/docs/concepts/overview/working-with-objects/owners-dependents/
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from minikube8s.api.resources import Resource
from minikube8s.cli.output import printing

HEADINGS = ["NAME", "READY", "STATUS", "AGE"]


class Leaf:
    """One object: what is shown of it, and whose it is."""

    __slots__ = ("created", "name", "owners", "ready", "status", "uid")

    def __init__(
        self, resource: Resource, metadata: dict[str, Any], states: dict[str, str]
    ) -> None:
        self.name = f"{printing.prefix_of(resource)}/{metadata['name']}"
        self.uid: str = metadata.get("uid") or self.name
        self.created: str = metadata.get("creationTimestamp") or ""
        owners = metadata.get("ownerReferences") or []
        self.owners = [
            owner["uid"] for owner in sorted(owners, key=lambda one: not one.get("controller"))
        ]
        self.ready = _ready(states)
        self.status = states.get("Status") or states.get("Phase") or ""
        if metadata.get("deletionTimestamp"):
            self.status = "Terminating"


class Tree:
    """All objects that were looked at, by whose they are."""

    def __init__(self, leaves: Iterable[Leaf]) -> None:
        self._leaves = {leaf.uid: leaf for leaf in leaves}
        self._owned: dict[str, list[Leaf]] = {}
        for leaf in self._leaves.values():
            if owner := self._owner(leaf):
                self._owned.setdefault(owner.uid, []).append(leaf)

    def root(self, uid: str) -> str:
        """The uid of who stands above all owners of ``uid``."""
        seen = set()
        while uid not in seen and uid in self._leaves:
            seen.add(uid)
            owner = self._owner(self._leaves[uid])
            if owner is None:
                break
            uid = owner.uid
        return uid

    def roots(self) -> list[str]:
        """The uids of those that nobody owns."""
        return [leaf.uid for leaf in self._leaves.values() if self._owner(leaf) is None]

    def rows(self, uids: Sequence[str], *, pretty: bool = True) -> list[tuple[Leaf, str]]:
        """Each of ``uids`` and all below it, with its drawn name; a circle is drawn once."""
        rows: list[tuple[Leaf, str]] = []
        seen: set[str] = set()
        branch, last, down = ("├─", "└─", "│ ") if pretty else ("|-", "`-", "| ")

        def draw(leaf: Leaf, lead: str, below: str) -> None:
            if leaf.uid in seen:
                return
            seen.add(leaf.uid)
            rows.append((leaf, lead + leaf.name))
            owned = self._owned.get(leaf.uid, [])
            for number, child in enumerate(owned, 1):
                end = number == len(owned)
                draw(child, below + (last if end else branch), below + ("  " if end else down))

        for uid in uids:
            if uid in self._leaves:
                draw(self._leaves[uid], "", "")
        return rows

    def _owner(self, leaf: Leaf) -> Leaf | None:
        return next((self._leaves[uid] for uid in leaf.owners if uid in self._leaves), None)


def leaves(resource: Resource, table: dict[str, Any]) -> list[Leaf]:
    """The objects of a server's Table of one kind, or of a plain list of them."""
    names = [column["name"] for column in table.get("columnDefinitions") or []]
    found = []
    for row in table.get("rows") or []:
        cells = ("" if cell is None else str(cell) for cell in row["cells"])
        found.append(
            Leaf(resource, row["object"]["metadata"], dict(zip(names, cells, strict=False)))
        )
    found += [Leaf(resource, item["metadata"], {}) for item in table.get("items") or []]
    return found


def _ready(states: dict[str, str]) -> str:
    ready = states.get("Ready", "")
    if ready and "/" not in ready and states.get("Desired"):
        return f"{ready}/{states['Desired']}"
    return ready if "/" in ready else states.get("Completions", "")
