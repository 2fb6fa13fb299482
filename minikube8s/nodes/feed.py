"""Turns changes in the registry into deliveries to agents.

Owns the shared watches (one a resource, whatever the number of nodes) and the index. A session is,
to it, an outbox that it puts things into and never waits for.
"""

from collections.abc import Iterable, Iterator, Mapping

from minikube8s.api import localpath
from minikube8s.api.errors import ApiError
from minikube8s.api.resources import (
    CONFIGMAPS,
    ENDPOINTSLICES,
    NODES,
    PERSISTENTVOLUMECLAIMS,
    PERSISTENTVOLUMES,
    PODS,
    SECRETS,
    SERVICES,
)
from minikube8s.api.views import (
    ObjectMeta,
    PartialObject,
    PersistentVolume,
    PersistentVolumeClaim,
)
from minikube8s.kit.clock import Clock
from minikube8s.kit.tasks import Supervisor
from minikube8s.nodes.assign import Delivery, Index
from minikube8s.nodes.following import Follower
from minikube8s.nodes.outbox import Outbox, object_key
from minikube8s.nodes.pacing import Pace
from minikube8s.nodes.policies import PolicyFeed
from minikube8s.nodes.references import CLAIMS, VOLUMES, ObjectKey, PlacedPod
from minikube8s.registry import Registry
from minikube8s.store.entry import Entry

_EVERYWHERE = (SERVICES, ENDPOINTSLICES)
"""What every agent gets."""
FEW = 10
"""So many agents are told at once of what all get; more of them a little later, together."""
_NAMED = (CONFIGMAPS, SECRETS)
"""What an agent gets while one of its pods names it."""
_STORAGE = (PERSISTENTVOLUMECLAIMS, PERSISTENTVOLUMES)
"""Claims that pods name, and the volumes that these claims name."""
_RESOURCES = {row.plural: row for row in (NODES, PODS, *_EVERYWHERE, *_NAMED, *_STORAGE)}


class Feed:
    """Keeps the index and tells outboxes (by node) what they need to hear."""

    def __init__(self, registry: Registry, clock: Clock, outboxes: Mapping[str, Outbox]) -> None:
        self._registry = registry
        self._outboxes = outboxes
        self.index = Index()
        self._policies = PolicyFeed(registry, outboxes, self._refill)
        self._pace = Pace(clock, outboxes, self._hurry)

    def start(self, tasks: Supervisor) -> None:
        """Read what exists, and follow it in tasks of `tasks`."""
        followers = [Follower(self._registry, PODS, self._replace_pods, self._apply_pod)]
        for row in _EVERYWHERE:
            followers.append(Follower(self._registry, row, self._refill, self._apply_everywhere))
        for row in _NAMED:
            followers.append(Follower(self._registry, row, self._refill, self._apply_named))
        followers.append(
            Follower(
                self._registry, PERSISTENTVOLUMECLAIMS, self._replace_claims, self._apply_claim
            )
        )
        followers.append(
            Follower(self._registry, PERSISTENTVOLUMES, self._replace_volumes, self._apply_volume)
        )
        followers += self._policies.followers()
        tasks.spawn("tell all", self._pace.run)
        for follower in followers:
            follower.begin()
            tasks.spawn(f"follow {follower.resource.plural}", follower.run)

    def fill(self, node: str, outbox: Outbox) -> None:
        """Have `outbox` send everything that the node needs."""
        own = ObjectKey(NODES.plural, "", node)
        needed = [self._entry(key) for key in (own, *self.index.needs_of(node))]
        everywhere = [
            entry for resource in _EVERYWHERE for entry in self._registry.list(resource, None)
        ]
        policies = self._policies.everything()
        outbox.complete([*everywhere, *policies, *(one for one in needed if one is not None)])

    def _refill(self, _entries: Iterable[Entry] = ()) -> None:
        for node, outbox in self._outboxes.items():
            self.fill(node, outbox)

    def _replace_pods(self, entries: Iterable[Entry]) -> None:
        current = {object_key(entry): entry for entry in entries}
        self._policies.replace_pods(current.values())
        for gone in set(self.index.pods()) - current.keys():
            self.index.remove(gone)
        for key, entry in current.items():
            self._place(key, entry)
        self._refill()

    def _apply_pod(self, entry: Entry, deleted: bool) -> None:
        self._policies.apply_pod(entry, deleted)
        key = object_key(entry)
        for delivery in self._place(key, None if deleted else entry):
            self._deliver(delivery, entry if delivery.key == key else self._entry(delivery.key))

    def _place(self, key: ObjectKey, entry: Entry | None) -> list[Delivery]:
        pod = entry.view(PlacedPod) if entry is not None else None
        if pod is None or not pod.node:
            return self.index.remove(key)
        references = pod.references(key.namespace, key.name)
        return self.index.place(key, pod.node, references | self._volumes_of(references))

    def _volumes_of(self, references: Iterable[ObjectKey]) -> frozenset[ObjectKey]:
        """The volumes that the claims among what a pod names are bound to."""
        claims = (self._entry(key) for key in references if key.resource == CLAIMS)
        names = (one.view(PersistentVolumeClaim).spec.volume_name for one in claims if one)
        return frozenset(ObjectKey(VOLUMES, "", name) for name in names if name)

    def _replace_claims(self, entries: Iterable[Entry]) -> None:
        for pod in self.index.pods():
            self._place(pod, self._entry(pod))
        self._refill()

    def _apply_claim(self, entry: Entry, deleted: bool) -> None:
        self._apply_named(entry, deleted)
        for pod in self.index.pods_naming(object_key(entry)):
            self._apply_pod_again(pod)

    def _apply_pod_again(self, pod: ObjectKey) -> None:
        """What a pod names names something else now."""
        for delivery in self._place(pod, self._entry(pod)):
            if delivery.key != pod:
                self._deliver(delivery, self._entry(delivery.key))

    def _replace_volumes(self, entries: Iterable[Entry]) -> None:
        homes = {object_key(entry): self._home(entry) for entry in entries}
        for gone in set(self.index.kept()) - homes.keys():
            self.index.keep(gone, "")
        for key, node in homes.items():
            self.index.keep(key, node)
        self._refill()

    def _apply_volume(self, entry: Entry, deleted: bool) -> None:
        self._apply_named(entry, deleted)
        for delivery in self.index.keep(object_key(entry), "" if deleted else self._home(entry)):
            self._deliver(delivery, entry)

    def _home(self, entry: Entry) -> str:
        """The node that has to remove the volume's directory; "" as long as none has."""
        volume = entry.view(PersistentVolume)
        return localpath.home(volume, self._nodes()) if localpath.is_given_back(volume) else ""

    def _nodes(self) -> Iterator[ObjectMeta]:
        return (one.view(PartialObject).metadata for one in self._registry.list(NODES, None))

    def _apply_everywhere(self, entry: Entry, deleted: bool) -> None:
        at_once = len(self._outboxes) <= FEW
        for node in self._outboxes:
            self._deliver(Delivery(node, object_key(entry), not deleted), entry, at_once=at_once)
        if not at_once:
            self._pace.soon()

    def _hurry(self) -> None:
        for outbox in self._outboxes.values():
            outbox.hurry()

    def _apply_named(self, entry: Entry, deleted: bool) -> None:
        key = object_key(entry)
        for node in self.index.users_of(key):
            self._deliver(Delivery(node, key, not deleted), entry)

    def _deliver(self, delivery: Delivery, entry: Entry | None, *, at_once: bool = True) -> None:
        outbox = self._outboxes.get(delivery.node)
        if outbox is None:
            return
        if not delivery.needed:
            outbox.remove(delivery.key, at_once=at_once)
        elif entry is not None:
            # What is named but does not exist is delivered when it is created.
            outbox.upsert(delivery.key, entry, at_once=at_once)

    def _entry(self, key: ObjectKey) -> Entry | None:
        try:
            return self._registry.get(_RESOURCES[key.resource], key.namespace or None, key.name)
        except ApiError as error:
            if error.code != 404:
                raise
            return None
