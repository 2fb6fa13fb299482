"""The score of nodes that have a pod's images already.

Owns on how many nodes each image is: an image that few nodes have counts less, so that its pods do
not all go there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from minikube8s.api.views import Node
from minikube8s.scheduler.framework import BEST, Score
from minikube8s.scheduler.pods import Incoming
from minikube8s.scheduler.states import NodeState, View
from minikube8s.scheduler.usage import Observer

_MEBIBYTE = 1024 * 1024
_MINIMUM, _MAXIMUM = 23 * _MEBIBYTE, 1000 * _MEBIBYTE
"""Images below the one do not matter; above the other (a container) more does not matter more."""

KEPT = 16
"""For how many pods' images the nodes' ratings are kept."""


class ImageLocality(Score, Observer):
    """Prefers nodes that have the pod's images, the more the larger these are."""

    name = "ImageLocality"

    def __init__(self) -> None:
        self._nodes: Counter[str] = Counter()
        """By image name, how many nodes have it."""
        self._kept: dict[tuple[str, ...], dict[str, float]] = {}
        """By images, what nodes were rated since any node's images changed."""

    def node_added(self, state: NodeState) -> None:
        """Count the node's images."""
        self._kept.clear()
        self._nodes.update(_names(state.node))

    def node_removed(self, state: NodeState) -> None:
        """Count them no more."""
        self._forget(state.node)

    def node_changed(self, before: Node, state: NodeState) -> None:
        """Count the images that it has now."""
        if before.status.images != state.node.status.images:
            self._forget(before)
            self.node_added(state)

    def rate(
        self, wanted: Incoming, view: View, feasible: Sequence[NodeState]
    ) -> Sequence[float] | None:
        """Return how much would not have to be pulled; None when no node has anything."""
        images = wanted.shape.images
        known = [name for name in map(self._known, images) if name]
        if not known:
            return None
        rated = self._rated(images)
        points = []
        for state in feasible:
            found = rated.get(state.name)
            if found is None:
                found = rated[state.name] = self._points(
                    state, known, len(images), len(view.states)
                )
            points.append(found)
        return points if len(set(points)) > 1 else None

    def _rated(self, images: tuple[str, ...]) -> dict[str, float]:
        """Return what is known of nodes for these images, to be completed."""
        rated = self._kept.get(images)
        if rated is None:
            if len(self._kept) >= KEPT:
                del self._kept[next(iter(self._kept))]
            rated = self._kept[images] = {}
        return rated

    def _points(self, state: NodeState, known: Sequence[str], containers: int, nodes: int) -> float:
        sizes = state.images
        present = sum(int(sizes.get(name, 0) * self._nodes[name] / nodes) for name in known)
        most = _MAXIMUM * containers
        clamped = min(max(present, _MINIMUM), most)
        return BEST * (clamped - _MINIMUM) / (most - _MINIMUM)

    def _known(self, image: str) -> str:
        """Return the name by which nodes have an image; "" if none has it."""
        name = normalized(image)
        return next((one for one in (name, image) if one in self._nodes), "")

    def _forget(self, node: Node) -> None:
        self._kept.clear()
        for name in _names(node):
            self._nodes[name] -= 1
            if not self._nodes[name]:
                del self._nodes[name]


def _names(node: Node) -> set[str]:
    return {name for image in node.status.images for name in image.names}


def normalized(image: str) -> str:
    """Return an image's name with its tag: without one it is `latest`."""
    return image if ":" in image.rpartition("/")[2] or "@" in image else f"{image}:latest"
