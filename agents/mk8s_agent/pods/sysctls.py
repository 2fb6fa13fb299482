"""Kernel parameters that a pod asks for in its own namespaces: which may be, and who sets them.

Pure.
"""

from __future__ import annotations

from minikube8s.api.views import Pod
from minikube8s.api.views.pods import Sysctl

SAFE = frozenset(
    {
        "kernel.shm_rmid_forced",
        "net.ipv4.ip_local_port_range",
        "net.ipv4.ip_local_reserved_ports",
        "net.ipv4.ip_unprivileged_port_start",
        "net.ipv4.ping_group_range",
        "net.ipv4.tcp_fin_timeout",
        "net.ipv4.tcp_keepalive_intvl",
        "net.ipv4.tcp_keepalive_probes",
        "net.ipv4.tcp_keepalive_time",
        "net.ipv4.tcp_rmem",
        "net.ipv4.tcp_syncookies",
        "net.ipv4.tcp_wmem",
    }
)
"""Those that stay within the pod and cannot hurt the node: a kubelet allows these by default."""
_NETWORK = "net."


def forbidden(pod: Pod) -> str:
    """The first parameter that pods may not set; empty when there is none."""
    return next((one.name for one in _all(pod) if _plain(one.name) not in SAFE), "")


def of_engine(pod: Pod) -> dict[str, str]:
    """What the engine sets when it makes the pause container."""
    wanted = {_plain(one.name): one.value for one in _all(pod)}
    return {name: value for name, value in wanted.items() if not name.startswith(_NETWORK)}


def of_network(pod: Pod) -> dict[str, str]:
    """What is set when the pod gets its network, as paths below /proc/sys/net.

    The engine cannot: it starts pause in the host's network.
    """
    wanted = {_plain(one.name): one.value for one in _all(pod)}
    return {
        name.removeprefix(_NETWORK).replace(".", "/"): value
        for name, value in wanted.items()
        if name.startswith(_NETWORK)
    }


def _all(pod: Pod) -> tuple[Sysctl, ...]:
    return pod.spec.security_context.sysctls


def _plain(name: str) -> str:
    """The name with dots between its parts, where slashes are allowed, too."""
    slash, dot = name.find("/"), name.find(".")
    if slash == -1 or (dot != -1 and dot < slash):
        return name
    return name.translate(str.maketrans("/.", "./"))
