"""Cluster-scoped objects: nodes and namespaces."""

from __future__ import annotations

from typing import Any

from msgspec import field

from minikube8s.api.views.base import Quantities, View
from minikube8s.api.views.meta import Condition, ObjectMeta


class Taint(View, frozen=True):
    """Effect is NoSchedule, PreferNoSchedule or NoExecute."""

    key: str = ""
    value: str = ""
    effect: str = ""
    time_added: str | None = None


class NodeSpec(View, frozen=True):
    """corev1.NodeSpec."""

    pod_cidr: str = ""
    pod_cidrs: tuple[str, ...] = ()
    provider_id: str = ""
    unschedulable: bool = False
    taints: tuple[Taint, ...] = ()


class NodeAddress(View, frozen=True):
    """Type is Hostname, InternalIP, ExternalIP, InternalDNS or ExternalDNS."""

    type: str = ""
    address: str = ""


class NodeImage(View, frozen=True):
    """An image that the node has."""

    names: tuple[str, ...] = ()
    size_bytes: int = 0


class DaemonEndpoint(View, frozen=True):
    """Where the node's agent listens, if it does."""

    port: int = field(name="Port", default=0)


class NodeDaemonEndpoints(View, frozen=True):
    """corev1.NodeDaemonEndpoints."""

    kubelet_endpoint: DaemonEndpoint = DaemonEndpoint()


class NodeSystemInfo(View, frozen=True):
    """corev1.NodeSystemInfo."""

    machine_id: str = ""
    system_uuid: str = ""
    boot_id: str = ""
    kernel_version: str = ""
    os_image: str = ""
    container_runtime_version: str = ""
    kubelet_version: str = ""
    kube_proxy_version: str = ""
    operating_system: str = ""
    architecture: str = ""


class NodeStatus(View, frozen=True):
    """corev1.NodeStatus."""

    capacity: Quantities = field(default_factory=dict)
    allocatable: Quantities = field(default_factory=dict)
    phase: str = ""
    conditions: tuple[Condition, ...] = ()
    addresses: tuple[NodeAddress, ...] = ()
    daemon_endpoints: NodeDaemonEndpoints = NodeDaemonEndpoints()
    node_info: NodeSystemInfo = NodeSystemInfo()
    images: tuple[NodeImage, ...] = ()
    volumes_in_use: tuple[str, ...] = ()
    volumes_attached: tuple[dict[str, Any], ...] = ()


class Node(View, frozen=True):
    """corev1.Node."""

    api_version: str = "v1"
    kind: str = "Node"
    metadata: ObjectMeta = ObjectMeta()
    spec: NodeSpec = NodeSpec()
    status: NodeStatus = NodeStatus()

    @property
    def ready(self) -> bool:
        """Whether the Ready condition is True."""
        return any(one.type == "Ready" and one.status == "True" for one in self.status.conditions)

    def address(self, type: str) -> str:
        """Return the node's first address of that type, or ""."""
        return next((one.address for one in self.status.addresses if one.type == type), "")


class NamespaceSpec(View, frozen=True):
    """corev1.NamespaceSpec."""

    finalizers: tuple[str, ...] = ()


class NamespaceStatus(View, frozen=True):
    """Phase is Active or Terminating."""

    phase: str = ""
    conditions: tuple[Condition, ...] = ()


class Namespace(View, frozen=True):
    """corev1.Namespace."""

    api_version: str = "v1"
    kind: str = "Namespace"
    metadata: ObjectMeta = ObjectMeta()
    spec: NamespaceSpec = NamespaceSpec()
    status: NamespaceStatus = NamespaceStatus()
