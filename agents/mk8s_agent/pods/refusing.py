"""Pods that this kind of node does not take at all, however much room there is. Pure."""

from __future__ import annotations

from typing import NamedTuple

from minikube8s.api.views import Pod
from mk8s_agent.pods import sysctls

_UNCONFINED = "Unconfined"


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


def _wants_apparmor(pod: Pod) -> bool:
    shared = pod.spec.security_context.app_armor_profile
    own = (
        one.security_context.app_armor_profile
        for one in (*pod.spec.init_containers, *pod.spec.containers)
    )
    return any(one is not None and one.type != _UNCONFINED for one in (shared, *own))
