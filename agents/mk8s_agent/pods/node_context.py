"""What all pods of a node share, handed to every worker. Owns nothing but the addresses in use."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import msgspec

from minikube8s.api import quantity
from minikube8s.api.views import ConfigMap, Container, LifecycleHandler, Pod, Secret
from minikube8s.kit.clock import Clock
from mk8s_agent.assignments import Assignments
from mk8s_agent.network.addresses import AddressPool, paired
from mk8s_agent.network.errors import NetworkNotReady
from mk8s_agent.pods.dns import ClusterDns
from mk8s_agent.pods.fields import Place
from mk8s_agent.pods.files import PodFiles, SeccompProfiles
from mk8s_agent.pods.images import Images
from mk8s_agent.pods.messages import LastWords
from mk8s_agent.pods.sandbox import Sandboxes
from mk8s_agent.probes.prober import Prober
from mk8s_agent.runtime.interface import Runtime
from mk8s_agent.volumes import Volumes

_NETWORK_PATIENCE = 30.0


class PodNetwork(Protocol):
    """The node's pod network, see `mk8s_agent.network.pods`. Its methods raise NetworkError."""

    async def plug(self, pid: int, address: str, name: str, settings: Mapping[str, str]) -> None:
        """Connect the network namespace of a process, with its `settings`. Idempotent."""
        ...

    async def unplug(self, address: str) -> None:
        """Disconnect the pod with that address. Idempotent."""
        ...


class HostPorts(Protocol):
    """What leads to pods from ports of the node, see `mk8s_agent.proxy.service_proxy`."""

    def check(self, pod: Pod) -> None:
        """Make sure that no other program has the pod's ports of the node. Raises NetworkError."""
        ...

    def open(self, pod: Pod, address: str) -> None:
        """Let the pod's ports of the node lead to its address from now on."""
        ...

    def shut(self, uid: str) -> None:
        """Let no port of the node lead to the pod any more."""
        ...


class Policies(Protocol):
    """Whom pods may talk with, see `mk8s_agent.policy.enforcing`."""

    async def admit(self, pod: Pod, *addresses: str) -> None:
        """Have policies hold for a pod that is about to get its address. Raises NetworkError."""
        ...

    def release(self, address: str) -> None:
        """Nobody has this address any more."""
        ...


class Reporter(Protocol):
    """What the master is told, see `mk8s_agent.link.reporter`."""

    def pod_status(self, namespace: str, name: str, uid: str, status: dict[str, Any]) -> None:
        """A pod's newest status."""
        ...

    def pod_gone(self, namespace: str, name: str, uid: str) -> None:
        """Nothing of the pod is left."""
        ...

    def node_status(self, status: dict[str, Any]) -> None:
        """The node's newest status."""
        ...

    def event(self, involved: dict[str, Any], type: str, reason: str, message: str) -> None:
        """Something worth telling people happened."""
        ...


class Hooks(Protocol):
    """What runs containers' hooks, see `mk8s_agent.pods.hooks`."""

    async def run(
        self, handler: LifecycleHandler, container: Container, container_id: str, address: str
    ) -> None:
        """Do what the handler says, to its end. Raises HookFailed."""
        ...


class Tokens(Protocol):
    """Who asks the master for tokens, see `mk8s_agent.link.tokens`."""

    async def create(self, namespace: str, pod: str, uid: str, audience: str, seconds: int) -> str:
        """A new token that is bound to the pod. Raises NoAnswer."""
        ...


class Addresses:
    """Which pod has which address.

    What runs says so by its labels; this only keeps two from one.
    """

    def __init__(self) -> None:
        self._pool: AddressPool | None = None
        self._second = ""
        self._by_uid: dict[str, tuple[str, ...]] = {}
        self._ready = asyncio.Event()

    def set_ranges(self, cidr: str, second: str = "") -> None:
        """Take over the node's pod range, once the node's network is set up for it.

        `second` is that of IPv6, in which a pod has the number that it has in the first.
        """
        self._pool = AddressPool(cidr)
        self._second = second
        self._ready.set()

    async def ready(self) -> None:
        """Wait until pods can be connected. Raises NetworkError when that takes too long."""
        try:
            async with asyncio.timeout(_NETWORK_PATIENCE):
                await self._ready.wait()
        except TimeoutError:
            raise NetworkNotReady("the node's pod network is not set up yet") from None

    def adopt(self, uid: str, *addresses: str) -> None:
        """A sandbox that has these addresses already."""
        if addresses:
            self._by_uid[uid] = addresses

    def allocate(self, uid: str) -> tuple[str, ...]:
        """The pod's addresses, the same until they are released. Raises NetworkError."""
        if uid not in self._by_uid:
            if self._pool is None:
                raise NetworkNotReady("the master has not yet given this node its pod range")
            used = {addresses[0] for addresses in self._by_uid.values()}
            self._by_uid[uid] = paired(self._pool.allocate(used), self._pool.cidr, self._second)
        return self._by_uid[uid]

    def of(self, uid: str) -> str:
        """The pod's first address; empty when it has none."""
        return next(iter(self._by_uid.get(uid, ())), "")

    def all_of(self, uid: str) -> tuple[str, ...]:
        """The pod's addresses, of both families where the cluster has both."""
        return self._by_uid.get(uid, ())

    def release(self, uid: str) -> None:
        """The pod needs its addresses no more."""
        self._by_uid.pop(uid, None)


class NodeFacts(msgspec.Struct):
    """The node as its pods need to know it; its addresses may change.

    Memory in bytes; `allocatable` is what pods may request, by resource. See `node` for where they
    come from.
    """

    name: str
    address: str
    allocatable: Mapping[str, str]
    memory: int
    may_protect: bool
    apparmor: bool = False
    address_ipv6: str = ""

    @property
    def addresses(self) -> tuple[str, ...]:
        """The node's addresses, one of each family that it has."""
        return (self.address, self.address_ipv6) if self.address_ipv6 else (self.address,)


class NodeContext(msgspec.Struct, frozen=True):
    """Everything a worker uses that is not its own."""

    runtime: Runtime
    network: PodNetwork
    host_ports: HostPorts
    policies: Policies
    reporter: Reporter
    assignments: Assignments
    clock: Clock
    facts: NodeFacts
    owner: dict[str, str]
    images: Images
    sandboxes: Sandboxes
    addresses: Addresses
    files: PodFiles
    hooks: Hooks
    tokens: Tokens
    volumes: Volumes
    prober: Prober
    seccomp: SeccompProfiles
    last_words: LastWords

    def configmap(self, namespace: str, name: str) -> ConfigMap | None:
        """A ConfigMap that a pod of this node names."""
        found = self.assignments.configmap(namespace, name)
        return None if found is None else found.view

    def secret(self, namespace: str, name: str) -> Secret | None:
        """A Secret that a pod of this node names."""
        found = self.assignments.secret(namespace, name)
        return None if found is None else found.view

    def dns(self) -> ClusterDns:
        """The cluster's name service."""
        cluster = self.assignments.cluster
        if cluster is None:
            return ClusterDns()
        return ClusterDns(cluster.cluster_dns, cluster.cluster_domain or "cluster.local")

    def place(self, pod: Pod) -> Place:
        """Where the pod is."""
        own = self.addresses.all_of(pod.metadata.uid)
        addresses = self.facts.addresses if pod.spec.host_network else own
        offered = {name: quantity.parse(text) for name, text in self.facts.allocatable.items()}
        return Place(
            host_ips=self.facts.addresses,
            pod_ips=addresses,
            cpu_milli=offered["cpu"].milli,
            memory=offered["memory"].value,
            ephemeral_storage=offered["ephemeral-storage"].value,
        )


def recorder(reporter: Reporter, pod: Pod, container: str = "") -> Callable[[str, str, str], None]:
    """A function that records (type, reason, message) about the pod, or one of its containers."""
    involved = {
        "apiVersion": "v1",
        "kind": "Pod",
        "namespace": pod.metadata.namespace,
        "name": pod.metadata.name,
        "uid": pod.metadata.uid,
        "resourceVersion": pod.metadata.resource_version,
    }
    if container:
        involved["fieldPath"] = f"spec.{_list_of(pod, container)}{{{container}}}"

    def record(type: str, reason: str, message: str) -> None:
        reporter.event(involved, type, reason, message)

    return record


def _list_of(pod: Pod, container: str) -> str:
    """In which of the pod's lists the container stands."""
    if any(one.name == container for one in pod.spec.init_containers):
        return "initContainers"
    ephemeral = any(one.name == container for one in pod.spec.ephemeral_containers)
    return "ephemeralContainers" if ephemeral else "containers"
