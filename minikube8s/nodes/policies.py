"""Tells agents of NetworkPolicies and, while there is one, of what policies speak of.

Every agent gets all policies, namespaces and peers: which of them matter to a node depends on
labels, which it looks at itself. Without any policy nothing is sent and nothing is kept.
"""

from collections.abc import Callable, Iterable, Mapping

from minikube8s.api.resources import NAMESPACES, NETWORKPOLICIES, PODS
from minikube8s.nodes.following import Follower
from minikube8s.nodes.outbox import Outbox, object_key
from minikube8s.nodes.peers import Peers
from minikube8s.nodes.references import ObjectKey
from minikube8s.registry import Registry
from minikube8s.store.entry import Entry


class PolicyFeed:
    """Keeps the peers and tells outboxes (by node); `refill` has them begin anew."""

    def __init__(
        self, registry: Registry, outboxes: Mapping[str, Outbox], refill: Callable[[], None]
    ) -> None:
        self._registry = registry
        self._outboxes = outboxes
        self._refill = refill
        self._policies: set[ObjectKey] = set()
        self._peers = Peers()

    def followers(self) -> list[Follower]:
        """What has to be followed, beside the pods."""
        return [
            Follower(self._registry, NETWORKPOLICIES, self._replace, self._apply),
            Follower(self._registry, NAMESPACES, self._replace_namespaces, self._apply_namespace),
        ]

    def everything(self) -> list[Entry]:
        """What a complete sync has to hold."""
        if not self._policies:
            return []
        return [*self._context(), *self._registry.list(NETWORKPOLICIES, None)]

    def replace_pods(self, pods: Iterable[Entry]) -> None:
        """Take over all pods; the caller has the outboxes filled anew."""
        if self._policies:
            self._peers.replace(pods)

    def apply_pod(self, pod: Entry, deleted: bool) -> None:
        """Tell everybody of a pod if policies would see it otherwise than before."""
        change = self._peers.apply(pod, deleted) if self._policies else None
        if change is not None:
            self._tell(change.key, change.entry)

    def _replace(self, entries: Iterable[Entry]) -> None:
        self._policies = {object_key(entry) for entry in entries}
        self._peers.replace(self._registry.list(PODS, None) if self._policies else ())
        self._refill()

    def _apply(self, entry: Entry, deleted: bool) -> None:
        first = not self._policies and not deleted
        if deleted:
            self._policies.discard(object_key(entry))
        else:
            self._policies.add(object_key(entry))
        if first:
            self._peers.replace(self._registry.list(PODS, None))
            for one in self._context():
                self._tell(object_key(one), one)
        self._tell(object_key(entry), None if deleted else entry)
        if not self._policies:
            for key in [object_key(one) for one in self._context()]:
                self._tell(key, None)
            self._peers.replace(())

    def _replace_namespaces(self, _entries: Iterable[Entry]) -> None:
        if self._policies:
            self._refill()

    def _apply_namespace(self, entry: Entry, deleted: bool) -> None:
        if self._policies:
            self._tell(object_key(entry), None if deleted else entry)

    def _context(self) -> list[Entry]:
        """What policies speak of: it comes before them."""
        return [*self._registry.list(NAMESPACES, None), *self._peers.entries()]

    def _tell(self, key: ObjectKey, entry: Entry | None) -> None:
        for outbox in self._outboxes.values():
            if entry is None:
                outbox.remove(key)
            else:
                outbox.upsert(key, entry)
