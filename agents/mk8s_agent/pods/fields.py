"""Values that a container may take from its own pod: fieldRef and resourceFieldRef. Pure."""

from __future__ import annotations

import re

import msgspec

from minikube8s.api import quantity
from minikube8s.api.views import Container as ContainerView
from minikube8s.api.views import Pod
from minikube8s.api.views.containers import ResourceFieldSelector
from mk8s_agent.pods.errors import ConfigError

_SUBSCRIPT = re.compile(r"metadata\.(labels|annotations)\['([^']+)'\]")
_KINDS = {"limits", "requests"}
_HUGE_PAGES = "hugepages-"


class Place(msgspec.Struct, frozen=True):
    """Where the pod is: addresses, and what the node has to give (millicores, bytes)."""

    host_ips: tuple[str, ...]
    pod_ips: tuple[str, ...]
    cpu_milli: int
    memory: int
    ephemeral_storage: int = 0

    @property
    def host_ip(self) -> str:
        """The node's first address."""
        return next(iter(self.host_ips), "")

    @property
    def pod_ip(self) -> str:
        """The pod's first address; empty while it has none."""
        return next(iter(self.pod_ips), "")


def field(pod: Pod, path: str, place: Place) -> str:
    """The value of a fieldRef. Raises ConfigError for a path that Kubernetes does not offer."""
    if match := _SUBSCRIPT.fullmatch(path):
        source = pod.metadata.labels if match[1] == "labels" else pod.metadata.annotations
        return source.get(match[2], "")
    values = {
        "metadata.name": pod.metadata.name,
        "metadata.namespace": pod.metadata.namespace,
        "metadata.uid": pod.metadata.uid,
        "spec.nodeName": pod.spec.node_name,
        "spec.serviceAccountName": pod.spec.service_account_name,
        "status.hostIP": place.host_ip,
        "status.hostIPs": ",".join(place.host_ips),
        "status.podIP": place.pod_ip,
        "status.podIPs": ",".join(place.pod_ips),
    }
    if path not in values:
        raise ConfigError(f"unsupported fieldPath: {path}")
    return values[path]


def resource_field(
    pod: Pod, container: ContainerView, selector: ResourceFieldSelector, place: Place
) -> str:
    """The value of a resourceFieldRef, in units of its divisor, rounded up. Raises ConfigError."""
    if selector.container_name not in ("", container.name):
        everyone = (*pod.spec.containers, *pod.spec.init_containers)
        named = [one for one in everyone if one.name == selector.container_name]
        if not named:
            raise ConfigError(f"container {selector.container_name} not found")
        container = named[0]
    kind, _, name = selector.resource.partition(".")
    capacity = {
        "cpu": quantity.parse(f"{place.cpu_milli}m"),
        "memory": quantity.parse(place.memory),
        "ephemeral-storage": quantity.parse(place.ephemeral_storage),
    }
    if name.startswith(_HUGE_PAGES):
        capacity[name] = quantity.parse(0)
    if kind not in _KINDS or name not in capacity:
        raise ConfigError(f"unsupported container resource : {selector.resource}")
    resources = container.resources
    amounts = resources.limits if kind == "limits" else resources.requests
    default = capacity[name] if kind == "limits" else quantity.parse(0)
    amount = quantity.parse(amounts[name]) if name in amounts else default
    divisor = quantity.parse(selector.divisor) or quantity.parse(1)
    return str(-(-amount.nano // divisor.nano))
