"""Which node needs which object: the index behind every agent's assignments. Pure.

Owns the relation only, not the objects: keys in, deliveries out. A node needs the pods bound to
it, all that at least one of them names (ConfigMaps, Secrets, claims and their volumes), and what
it has to look after itself. Everything else that agents get (Services, EndpointSlices) all of them
get, and is not kept here.
"""

from collections.abc import Iterable
from typing import NamedTuple

from minikube8s.nodes.references import ObjectKey


class Delivery(NamedTuple):
    """`node` is to be told of `key`: its current state if `needed`, else that it is gone."""

    node: str
    key: ObjectKey
    needed: bool


class _Placement(NamedTuple):
    node: str
    references: frozenset[ObjectKey]


_NOWHERE = _Placement("", frozenset())


class Index:
    """The bound pods of all nodes, and the users of what these pods name."""

    def __init__(self) -> None:
        self._placements: dict[ObjectKey, _Placement] = {}
        self._pods: dict[str, set[ObjectKey]] = {}
        self._users: dict[ObjectKey, dict[str, int]] = {}
        self._homes: dict[ObjectKey, str] = {}

    def node_of(self, pod: ObjectKey) -> str:
        """The node that a pod is bound to; "" when there is none, or no such pod."""
        return self._placements.get(pod, _NOWHERE).node

    def pods(self) -> tuple[ObjectKey, ...]:
        """All bound pods."""
        return tuple(self._placements)

    def pods_of(self, node: str) -> tuple[ObjectKey, ...]:
        """The pods bound to a node."""
        return tuple(self._pods.get(node, ()))

    def users_of(self, key: ObjectKey) -> tuple[str, ...]:
        """The nodes that need this object: they look after it, or have a pod that names it."""
        return tuple(self._users.get(key, ()))

    def pods_naming(self, key: ObjectKey) -> list[ObjectKey]:
        """The bound pods that name this object."""
        pods = (pod for node in self.users_of(key) for pod in self.pods_of(node))
        return [pod for pod in pods if key in self._placements[pod].references]

    def needs_of(self, node: str) -> list[ObjectKey]:
        """All that a node needs; what a pod names comes before all pods."""
        pods = self._pods.get(node, set())
        named = {key for pod in pods for key in self._placements[pod].references}
        kept = {key for key, home in self._homes.items() if home == node}
        return [*sorted(named | kept), *sorted(pods)]

    def keep(self, key: ObjectKey, node: str) -> list[Delivery]:
        """Take over that a node looks after an object, whatever its pods name; "" for none does.

        Returns what nodes have to hear.
        """
        before = self._homes.get(key, "")
        if before == node:
            return []
        gained = self._use(node, {key}) if node else set()
        lost = self._release(before, {key}) if before else set()
        if node:
            self._homes[key] = node
        else:
            del self._homes[key]
        return [Delivery(node, one, True) for one in gained] + [
            Delivery(before, one, False) for one in lost
        ]

    def kept(self) -> tuple[ObjectKey, ...]:
        """All objects that some node looks after."""
        return tuple(self._homes)

    def place(self, pod: ObjectKey, node: str, references: frozenset[ObjectKey]) -> list[Delivery]:
        """Take over a pod as it is now; `node` is "" for an unbound one.

        Returns what nodes have to hear, in this order: what the pod names and its node did not
        have yet, the pod itself, what nobody names any more.
        """
        before = self._placements.get(pod, _NOWHERE)
        after = _Placement(node, references) if node else _NOWHERE
        deliveries: list[Delivery] = []
        # Using before releasing: what stays named is neither gained nor lost.
        gained = self._use(after.node, after.references)
        lost = self._release(before.node, before.references)
        moved = before.node != after.node
        deliveries += [Delivery(node, key, True) for key in sorted(gained)]
        if after.node:
            self._placements[pod] = after
            self._pods.setdefault(node, set()).add(pod)
            deliveries.append(Delivery(node, pod, True))
        else:
            self._placements.pop(pod, None)
        if before.node and moved:
            self._pods[before.node].discard(pod)
            if not self._pods[before.node]:
                del self._pods[before.node]
            deliveries.append(Delivery(before.node, pod, False))
        deliveries += [Delivery(before.node, key, False) for key in sorted(lost)]
        return deliveries

    def remove(self, pod: ObjectKey) -> list[Delivery]:
        """Take over that a pod is gone."""
        return self.place(pod, "", frozenset())

    def _use(self, node: str, keys: Iterable[ObjectKey]) -> set[ObjectKey]:
        """Count one more user; return the keys that are new to the node."""
        gained = set()
        for key in keys:
            users = self._users.setdefault(key, {})
            users[node] = users.get(node, 0) + 1
            if users[node] == 1:
                gained.add(key)
        return gained

    def _release(self, node: str, keys: Iterable[ObjectKey]) -> set[ObjectKey]:
        """Count one user less; return the keys that the node does not need any more."""
        lost = set()
        for key in keys:
            users = self._users[key]
            users[node] -= 1
            if not users[node]:
                lost.add(key)
                del users[node]
                if not users:
                    del self._users[key]
        return lost
