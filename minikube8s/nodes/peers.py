"""The pods that NetworkPolicies may speak of, small and made once a change, for all nodes. Pure."""

from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from minikube8s.api.peers import peer_of
from minikube8s.api.views import Pod
from minikube8s.nodes.references import ObjectKey
from minikube8s.store.entry import Entry

PEERS = "peers"
"""The resource under which agents get them, in the form of `views.PeerPod`."""


class Change(NamedTuple):
    """Nodes have to hear of a peer as it is now; None: that it is none any more."""

    key: ObjectKey
    entry: Entry | None


class Peers:
    """The peers among all pods, as nodes were told of them."""

    def __init__(self) -> None:
        self._entries: dict[ObjectKey, Entry] = {}

    def keys(self) -> list[ObjectKey]:
        """The keys of all peers."""
        return list(self._entries)

    def entries(self) -> list[Entry]:
        """All peers."""
        return list(self._entries.values())

    def replace(self, pods: Iterable[Entry]) -> None:
        """Take over all pods there are."""
        self._entries.clear()
        for pod in pods:
            self.apply(pod, deleted=False)

    def apply(self, pod: Entry, deleted: bool) -> Change | None:
        """Take over a pod as it is now. Returns what nodes have to hear, None for nothing."""
        key = ObjectKey(PEERS, pod.namespace, pod.name)
        peer = None if deleted else peer_of(pod.view(Pod))
        if peer is None:
            return Change(key, None) if self._entries.pop(key, None) else None
        entry = Entry("/".join(key), msgspec.json.encode(peer), pod.revision)
        before = self._entries.get(key)
        if before is not None and before.value == entry.value:
            return None
        self._entries[key] = entry
        return Change(key, entry)
