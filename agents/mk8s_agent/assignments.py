"""What the master wants of this node: the newest objects it sent, by resource and key.

Owns the objects that came down the link and tells subscribers what changed. Knows nothing of
gRPC, of Docker or of what an object asks for. One event loop, no threads.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Generic, NamedTuple, TypeVar, cast

import msgspec

from minikube8s.api import views

log = logging.getLogger(__name__)

Key = tuple[str, str]
"""(namespace, name)."""
Callback = Callable[[str, Key], None]
V = TypeVar("V")

CLUSTER = "cluster"
ROUTES = "routes"
"""The resources under which subscribers hear of `cluster` and `routes`; their key is NO_KEY."""
NO_KEY: Key = ("", "")

_VIEWS: dict[str, type] = {
    "pods": views.Pod,
    "services": views.Service,
    "endpointslices": views.EndpointSlice,
    "configmaps": views.ConfigMap,
    "secrets": views.Secret,
    "persistentvolumeclaims": views.PersistentVolumeClaim,
    "persistentvolumes": views.PersistentVolume,
    "nodes": views.Node,
    "networkpolicies": views.NetworkPolicy,
    "namespaces": views.Namespace,
    "peers": views.PeerPod,
}


class Assigned(Generic[V]):
    """One object as the master stored it. Immutable; decoded when first looked at."""

    __slots__ = ("_object", "_view", "key", "raw", "resource", "revision")

    def __init__(self, resource: str, key: Key, revision: int, raw: bytes) -> None:
        self.resource = resource
        self.key = key
        self.revision = revision
        self.raw = raw
        self._view: V | None = None
        self._object: dict[str, Any] | None = None

    @property
    def view(self) -> V:
        """The typed view of `minikube8s.api.views`; shared."""
        if self._view is None:
            self._view = cast(V, views.decode(_VIEWS[self.resource], self.raw))
        return self._view

    @property
    def object(self) -> dict[str, Any]:
        """The whole object; shared, never to be changed."""
        if self._object is None:
            self._object = msgspec.json.decode(self.raw)
        return self._object


@dataclass(frozen=True, slots=True)
class ClusterInfo:
    """What the master says of the cluster and of this node's place in it."""

    cluster: str
    pod_cidr: str
    cluster_cidr: str
    service_cidr: str
    cluster_domain: str
    cluster_dns: str
    heartbeat_seconds: int
    pod_cidrs: tuple[str, ...] = ()
    pod_network: str = "auto"
    vxlan_id: int = 0
    vxlan_port: int = 0


class NodeRoute(NamedTuple):
    """Where another node's pods live: `pod_cidrs` are reached through the node's `addresses`."""

    node: str
    pod_cidrs: tuple[str, ...]
    addresses: tuple[str, ...]


class Assignments:
    """The desired objects of this node.

    Until the first complete sync `synced` is not set and an absent object means nothing: nobody may
    remove what runs. Until the first routes are told, `routes` is None. After that the content
    stays (and stays valid) while the master is away. Objects of other `resources` than these are
    not kept.
    """

    def __init__(self, resources: Iterable[str] = tuple(_VIEWS)) -> None:
        self.synced = asyncio.Event()
        self.revision = 0
        self.cluster: ClusterInfo | None = None
        self.routes: tuple[NodeRoute, ...] | None = None
        self._objects: dict[str, dict[Key, Assigned[Any]]] = {name: {} for name in resources}
        self._callbacks: list[Callback] = []

    def pods(self) -> Mapping[Key, Assigned[views.Pod]]:
        """All pods bound to this node, those being deleted included; read-only and live."""
        return MappingProxyType(self._objects["pods"])

    def services(self) -> Mapping[Key, Assigned[views.Service]]:
        """All Services of the cluster; read-only and live."""
        return MappingProxyType(self._objects["services"])

    def endpointslices(self) -> Mapping[Key, Assigned[views.EndpointSlice]]:
        """All EndpointSlices of the cluster; read-only and live."""
        return MappingProxyType(self._objects["endpointslices"])

    def configmap(self, namespace: str, name: str) -> Assigned[views.ConfigMap] | None:
        """A ConfigMap that a pod of this node names; None: it does not exist (yet)."""
        return self._objects["configmaps"].get((namespace, name))

    def secret(self, namespace: str, name: str) -> Assigned[views.Secret] | None:
        """A Secret that a pod of this node names; None: it does not exist (yet)."""
        return self._objects["secrets"].get((namespace, name))

    def claim(self, namespace: str, name: str) -> Assigned[views.PersistentVolumeClaim] | None:
        """A claim that a pod of this node names; None: it does not exist (yet)."""
        return self._objects["persistentvolumeclaims"].get((namespace, name))

    def volumes(self) -> Mapping[Key, Assigned[views.PersistentVolume]]:
        """The volumes of these claims, and those whose directory this node has to remove."""
        return MappingProxyType(self._objects["persistentvolumes"])

    def node(self, name: str) -> Assigned[views.Node] | None:
        """This node's own Node, with what others say of it; None: the master has not sent it."""
        return self._objects["nodes"].get(("", name))

    def policies(self) -> Mapping[Key, Assigned[views.NetworkPolicy]]:
        """All NetworkPolicies of the cluster; read-only and live."""
        return MappingProxyType(self._objects["networkpolicies"])

    def namespaces(self) -> Mapping[Key, Assigned[views.Namespace]]:
        """All Namespaces while there is a policy, else none; keys are ("", name)."""
        return MappingProxyType(self._objects["namespaces"])

    def peers(self) -> Mapping[Key, Assigned[views.PeerPod]]:
        """All pods with an address while there is a policy, else none; read-only and live."""
        return MappingProxyType(self._objects["peers"])

    def subscribe(self, callback: Callback) -> Callable[[], None]:
        """Call `callback(resource, key)` for each later change; returns what ends that.

        Called after all objects of one message are in place, removed ones included; the callback
        reads the new state here. It must not block; it is shielded from other callbacks' errors.
        """
        self._callbacks.append(callback)
        return lambda: self._callbacks.remove(callback)

    def set_cluster(self, cluster: ClusterInfo) -> None:
        """Take over what the master says of the cluster."""
        if cluster != self.cluster:
            self.cluster = cluster
            self._tell([(CLUSTER, NO_KEY)])

    def set_routes(self, routes: Iterable[NodeRoute]) -> None:
        """Take over the routes to the other nodes' pods."""
        ordered = tuple(sorted(routes))
        if ordered != self.routes:
            self.routes = ordered
            self._tell([(ROUTES, NO_KEY)])

    def replace(self, objects: Iterable[Assigned[Any]], revision: int) -> None:
        """Take over a complete sync: what it does not hold is gone."""
        wanted = {(item.resource, item.key): item for item in objects}
        removals = [
            (resource, key)
            for resource, known in self._objects.items()
            for key in known
            if (resource, key) not in wanted
        ]
        first = not self.synced.is_set()
        self.synced.set()
        self.update(wanted.values(), removals, revision)
        if first:
            log.info("first complete sync: %d objects at revision %d", len(wanted), revision)

    def update(
        self,
        upserts: Iterable[Assigned[Any]],
        removals: Iterable[tuple[str, Key]],
        revision: int,
    ) -> None:
        """Take over a delta: removals first, then upserts; unknown resources are ignored."""
        changed: dict[tuple[str, Key], None] = {}
        for resource, key in removals:
            if self._objects.get(resource, {}).pop(key, None) is not None:
                changed[resource, key] = None
        for item in upserts:
            known = self._objects.get(item.resource)
            if known is None:
                continue
            before = known.get(item.key)
            if before is None or before.raw != item.raw:
                known[item.key] = item
                changed[item.resource, item.key] = None
        self.revision = revision
        self._tell(changed)

    def _tell(self, changes: Iterable[tuple[str, Key]]) -> None:
        for resource, key in changes:
            for callback in tuple(self._callbacks):
                try:
                    callback(resource, key)
                except Exception:
                    log.exception("a subscriber failed on %s %s/%s", resource, *key)
