"""Owns changing fields by their paths, through whatever lists lie on the way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

WORKLOADS = {
    "Pod": "",
    "PodTemplate": "template/",
    "ReplicationController": "spec/template/",
    "Deployment": "spec/template/",
    "ReplicaSet": "spec/template/",
    "DaemonSet": "spec/template/",
    "StatefulSet": "spec/template/",
    "Job": "spec/template/",
    "CronJob": "spec/jobTemplate/spec/template/",
}
"""Kinds that have pods, or are one, and what leads to the pod's metadata and spec."""


class Spec(NamedTuple):
    """A field of some kind (empty: of every kind); ``create``: also where it is not there yet."""

    path: str
    create: bool = False
    kind: str = ""
    group: str | None = None

    def fits(self, group: str, kind: str) -> bool:
        """Whether objects of that kind have the field."""
        return self.kind in {"", kind} and self.group in {None, group}


def change(node: Any, path: str, create: bool, update: Callable[[Any], Any]) -> None:
    """Replace what is at ``path`` (`a/b/c`) by what ``update`` makes of it; None where nothing is.

    A list on the way stands for all its elements.
    """
    _change(node, path.split("/"), create, update)


def _change(node: Any, path: list[str], create: bool, update: Callable[[Any], Any]) -> None:
    if isinstance(node, list):
        for item in node:
            _change(item, path, create, update)
        return
    if not isinstance(node, dict):
        return
    head, *rest = path
    if node.get(head) is None:
        if not create:
            return
        node[head] = {} if rest else None
    if rest:
        _change(node[head], rest, create, update)
    else:
        node[head] = update(node[head])
