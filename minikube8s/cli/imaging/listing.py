"""Owns the list of images: one row an image, with the nodes that have it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from minikube8s.cli.output.progress import amount

Object = dict[str, Any]


class Row(NamedTuple):
    """One name of an image; `id` is empty where nodes do not tell it, as a kubelet's do not."""

    name: str
    id: str
    bytes: int
    nodes: tuple[str, ...]

    def cells(self) -> list[str]:
        """The row as it is shown."""
        shown = self.id.removeprefix("sha256:")[:12] or "-"
        return [self.name, shown, amount(self.bytes), ",".join(self.nodes)]

    def shape(self) -> Object:
        """The row as JSON."""
        return {**self._asdict(), "nodes": list(self.nodes)}


HEADERS = ["IMAGE", "ID", "SIZE", "NODES"]


def of_engine(images: Iterable[Object]) -> list[tuple[str, str, int]]:
    """Name, id and size of what an engine lists; images without a name are left out."""
    return [
        (str(tag), str(image.get("Id") or ""), int(image.get("Size") or 0))
        for image in images
        for tag in image.get("RepoTags") or ()
        if "<none>" not in tag
    ]


def of_status(node: Object) -> list[tuple[str, str, int]]:
    """The same of a Node's status, where its engine cannot be asked."""
    return [
        (str(name), "", int(image.get("sizeBytes") or 0))
        for image in (node.get("status") or {}).get("images") or ()
        for name in image.get("names") or ()
        if "@" not in name
    ]


def rows(found: Mapping[str, Iterable[tuple[str, str, int]]]) -> list[Row]:
    """One row for each name and id, of what each node has."""
    nodes: dict[tuple[str, str], list[str]] = {}
    sizes: dict[tuple[str, str], int] = {}
    for node, images in found.items():
        for name, id_, size in images:
            nodes.setdefault((name, id_), []).append(node)
            sizes[name, id_] = max(size, sizes.get((name, id_), 0))
    return [
        Row(name, id_, sizes[name, id_], tuple(dict.fromkeys(nodes[name, id_])))
        for name, id_ in sorted(nodes)
    ]
