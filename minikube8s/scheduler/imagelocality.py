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


class ImageLocality(Score, Observer):
    """Prefers nodes that have the pod's images, the more the larger these are."""

    name = "ImageLocality"

    def __init__(self) -> None:
        self._nodes: Counter[str] = Counter()
        """By image name, how many nodes have it."""

    def node_added(self, state: NodeState) -> None:
        """Count the node's images."""
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
        images = [self._known(image) for image in wanted.shape.images]
        known = [(name, self._nodes[name] / len(view.states)) for name in images if name]
        if not known:
            return None
        most = _MAXIMUM * len(images)
        rated = []
        for state in feasible:
            sizes = state.images
            present = sum(int(sizes.get(name, 0) * share) for name, share in known)
            clamped = min(max(present, _MINIMUM), most)
            rated.append(BEST * (clamped - _MINIMUM) / (most - _MINIMUM))
        return rated if any(rated) else None

    def _known(self, image: str) -> str:
        """Return the name by which nodes have an image; "" if none has it."""
        name = normalized(image)
        return next((one for one in (name, image) if one in self._nodes), "")

    def _forget(self, node: Node) -> None:
        for name in _names(node):
            self._nodes[name] -= 1
            if not self._nodes[name]:
                del self._nodes[name]


def _names(node: Node) -> set[str]:
    return {name for image in node.status.images for name in image.names}


def normalized(image: str) -> str:
    """Return an image's name with its tag: without one it is `latest`."""
    return image if ":" in image.rpartition("/")[2] or "@" in image else f"{image}:latest"
