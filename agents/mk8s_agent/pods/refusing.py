"""Pods that this kind of node does not take at all, however much room there is. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from minikube8s.api.views import Pod
from minikube8s.api.views.containers import ContainerPort
from mk8s_agent.pods import sysctls

_UNCONFINED = "Unconfined"
_EVERYWHERE = "0.0.0.0"


class Refusal(NamedTuple):
    """Kubernetes' word for why not, and a sentence."""

    reason: str
    message: str


def refusal(pod: Pod, *, apparmor: bool) -> Refusal | None:
    """Why the node refuses the pod, if it does. `apparmor` tells whether its kernel has that."""
    if name := sysctls.forbidden(pod):
        return Refusal("SysctlForbidden", f'forbidden sysctl: "{name}" not allowlisted')
    if pod.spec.os is not None and pod.spec.os.name != "linux":
        return Refusal(
            "PodOSNotSupported", "Failed to admit pod as the OS field doesn't match node OS"
        )
    if not apparmor and _wants_apparmor(pod):
        return Refusal("AppArmor", "Cannot enforce AppArmor: AppArmor is not enabled on the host")
    return None


def port_conflict(pod: Pod, others: Iterable[Pod]) -> Refusal | None:
    """Why the pod cannot be beside the others: it wants a port of the node that one of them has.

    The scheduler sees to it; a pod that names its node itself comes without the scheduler.
    """
    wanted = list(_host_ports(pod))
    if not wanted:
        return None
    taken = [port for other in others for port in _host_ports(other)]
    if not any(_conflict(one, two) for one in wanted for two in taken):
        return None
    return Refusal(
        "NodePorts",
        "Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports",
    )


def _host_ports(pod: Pod) -> Iterator[ContainerPort]:
    sidecars = (one for one in pod.spec.init_containers if one.restart_policy == "Always")
    for container in (*sidecars, *pod.spec.containers):
        yield from (port for port in container.ports if port.host_port)


def _conflict(one: ContainerPort, two: ContainerPort) -> bool:
    if (one.host_port, one.protocol) != (two.host_port, two.protocol):
        return False
    addresses = {one.host_ip or _EVERYWHERE, two.host_ip or _EVERYWHERE}
    return len(addresses) == 1 or _EVERYWHERE in addresses


def _wants_apparmor(pod: Pod) -> bool:
    shared = pod.spec.security_context.app_armor_profile
    own = (
        one.security_context.app_armor_profile
        for one in (*pod.spec.init_containers, *pod.spec.containers)
    )
    return any(one is not None and one.type != _UNCONFINED for one in (shared, *own))
