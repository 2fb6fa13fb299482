"""Services and the endpoints behind them."""

from __future__ import annotations

from typing import Any

from msgspec import field

from minikube8s.api.views.base import View
from minikube8s.api.views.meta import Condition, ObjectMeta, ObjectReference


class ServicePort(View, frozen=True):
    """corev1.ServicePort; `target_port` is a number or a container port's name, 0 means `port`."""

    port: int = 0
    name: str = ""
    protocol: str = "TCP"
    app_protocol: str | None = None
    target_port: int | str = 0
    node_port: int = 0


class ClientIPConfig(View, frozen=True):
    """How long a client keeps its endpoint."""

    timeout_seconds: int = 10800


class SessionAffinityConfig(View, frozen=True):
    """Set with sessionAffinity ClientIP."""

    client_ip: ClientIPConfig = ClientIPConfig()


class ServiceSpec(View, frozen=True):
    """corev1.ServiceSpec."""

    type: str = "ClusterIP"
    ports: tuple[ServicePort, ...] = ()
    selector: dict[str, str] = field(default_factory=dict)
    cluster_ip: str = ""
    cluster_ips: tuple[str, ...] = ()
    external_ips: tuple[str, ...] = ()
    external_name: str = ""
    load_balancer_ip: str = ""
    load_balancer_class: str | None = None
    load_balancer_source_ranges: tuple[str, ...] = ()
    allocate_load_balancer_node_ports: bool | None = None
    session_affinity: str = "None"
    session_affinity_config: SessionAffinityConfig | None = None
    external_traffic_policy: str = ""
    internal_traffic_policy: str = "Cluster"
    traffic_distribution: str | None = None
    health_check_node_port: int = 0
    publish_not_ready_addresses: bool = False
    ip_families: tuple[str, ...] = ()
    ip_family_policy: str | None = None

    @property
    def headless(self) -> bool:
        """Whether the Service asked for no cluster address."""
        return self.cluster_ip == "None"


class LoadBalancerIngress(View, frozen=True):
    """One address that reaches the Service from outside."""

    ip: str = ""
    hostname: str = ""
    ip_mode: str = "VIP"


class LoadBalancerStatus(View, frozen=True):
    """corev1.LoadBalancerStatus."""

    ingress: tuple[LoadBalancerIngress, ...] = ()


class ServiceStatus(View, frozen=True):
    """corev1.ServiceStatus."""

    load_balancer: LoadBalancerStatus = LoadBalancerStatus()
    conditions: tuple[Condition, ...] = ()


class Service(View, frozen=True):
    """corev1.Service."""

    api_version: str = "v1"
    kind: str = "Service"
    metadata: ObjectMeta = ObjectMeta()
    spec: ServiceSpec = ServiceSpec()
    status: ServiceStatus = ServiceStatus()


class EndpointAddress(View, frozen=True):
    """corev1.EndpointAddress."""

    ip: str = ""
    hostname: str = ""
    node_name: str | None = None
    target_ref: ObjectReference | None = None


class EndpointPort(View, frozen=True):
    """A port of corev1.Endpoints and of discoveryv1.EndpointSlice; a slice's may be `None`."""

    name: str = ""
    port: int | None = None
    protocol: str = "TCP"
    app_protocol: str | None = None


class EndpointSubset(View, frozen=True):
    """The product of addresses and ports."""

    addresses: tuple[EndpointAddress, ...] = ()
    not_ready_addresses: tuple[EndpointAddress, ...] = ()
    ports: tuple[EndpointPort, ...] = ()


class Endpoints(View, frozen=True):
    """corev1.Endpoints."""

    api_version: str = "v1"
    kind: str = "Endpoints"
    metadata: ObjectMeta = ObjectMeta()
    subsets: tuple[EndpointSubset, ...] = ()


class EndpointConditions(View, frozen=True):
    """`None` means unknown: consumers take ready as true, serving as ready, terminating false."""

    ready: bool | None = None
    serving: bool | None = None
    terminating: bool | None = None


class Endpoint(View, frozen=True):
    """One backend of an EndpointSlice."""

    addresses: tuple[str, ...] = ()
    conditions: EndpointConditions = EndpointConditions()
    hostname: str | None = None
    node_name: str | None = None
    zone: str | None = None
    target_ref: ObjectReference | None = None
    hints: dict[str, Any] | None = None
    deprecated_topology: dict[str, str] = field(default_factory=dict)


class EndpointSlice(View, frozen=True):
    """discoveryv1.EndpointSlice; its Service is named by the label kubernetes.io/service-name."""

    api_version: str = "discovery.k8s.io/v1"
    kind: str = "EndpointSlice"
    metadata: ObjectMeta = ObjectMeta()
    address_type: str = "IPv4"
    endpoints: tuple[Endpoint, ...] = ()
    ports: tuple[EndpointPort, ...] = ()

    @property
    def service_name(self) -> str:
        """The name of the Service that this slice belongs to, or ""."""
        return self.metadata.labels.get("kubernetes.io/service-name", "")
