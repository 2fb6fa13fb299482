"""Which pods are on which node: an index that costs each change of a pod one look."""

from __future__ import annotations

from collections.abc import Iterable

from minikube8s.api.views import Pod
from minikube8s.store.watching import Event


class Placement:
    """Keys of the pods that name a node, by that node; an observer of the cache."""

    def __init__(self) -> None:
        self._keys: dict[str, set[str]] = {}
        self._nodes: dict[str, str] = {}

    def observe(self, event: Event) -> None:
        """Follow a pod; where it is never changes once it is somewhere."""
        key = event.entry.key
        if event.type == "DELETED":
            node = self._nodes.pop(key, "")
            if node:
                self._keys[node].discard(key)
                if not self._keys[node]:
                    del self._keys[node]
        elif key not in self._nodes and (node := event.entry.view(Pod).spec.node_name):
            self._nodes[key] = node
            self._keys.setdefault(node, set()).add(key)

    def on(self, node: str) -> Iterable[str]:
        """Return the keys of the node's pods, sorted."""
        return sorted(self._keys.get(node, ()))
