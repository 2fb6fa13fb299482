"""Owns which settings are in force: given by an option or the environment, remembered, or default.

Every setting is an option of ``mk8s up`` and an environment variable; what a cluster was created
with is remembered in its home, so that later commands need neither.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import msgspec

from minikube8s.cluster import ranges, settingrules
from minikube8s.cluster.config import Home, Settings
from minikube8s.cluster.errors import ClusterError

# setting -> the environment variable that gives it when no option does
ENVIRONMENT: Mapping[str, str] = {
    "name": "MK8S_NAME",
    "listen": "MK8S_LISTEN",
    "api_port": "MK8S_API_PORT",
    "agent_port": "MK8S_AGENT_PORT",
    "pod_cidr": "MK8S_POD_CIDR",
    "service_cidr": "MK8S_SERVICE_CIDR",
    "node_ports": "MK8S_NODE_PORTS",
    "load_balancer_pool": "MK8S_LOAD_BALANCER_POOL",
    "ingress_image": "MK8S_INGRESS_IMAGE",
    "node_name": "MK8S_NODE_NAME",
    "node_ip": "MK8S_NODE_IP",
    "server_names": "MK8S_SERVER_NAMES",
    "docker_host": "DOCKER_HOST",
    "kubelet_config": "MK8S_KUBELET_CONFIG",
    "scheduler_config": "MK8S_SCHEDULER_CONFIG",
    "node_grace": "MK8S_NODE_GRACE",
    "pod_network": "MK8S_POD_NETWORK",
    "vxlan_id": "MK8S_VXLAN_ID",
    "vxlan_port": "MK8S_VXLAN_PORT",
    "lab_cidr": "MK8S_LAB_CIDR",
}

LEAST_GRACE, MOST_GRACE = 4, 3600
"""Seconds until a silent node is not ready; an agent says once a second, at most, that it lives."""

# what a cluster's certificates, addresses and containers depend on: fixed once it exists
FIXED = ("name", "pod_cidr", "service_cidr", "node_name")
# … and what a lab depends on
FIXED_IN_LAB = ("lab_cidr",)


def resolve(
    home: Home, options: Mapping[str, str | int | None], environment: Mapping[str, str]
) -> Settings:
    """The settings in force: option, else environment, else what the cluster has, else default.

    Raises ClusterError for a value that cannot be used or that would change a fixed property of a
    cluster that exists.
    """
    stored = home.load() if home.exists() else None
    wanted: dict[str, str | int] = {}
    for setting, variable in ENVIRONMENT.items():
        given, source = options.get(setting), f"--{setting.replace('_', '-')}"
        if given is None:
            given, source = environment.get(variable) or None, variable
        if given is not None:
            wanted[setting] = _converted(setting, source, given)
    for setting in ("kubelet_config", "scheduler_config"):
        if setting in wanted:
            wanted[setting] = str(Path(str(wanted[setting])).absolute())
    base = stored or Settings(node_name=settingrules.default_node_name())
    settings = msgspec.structs.replace(base, **wanted)
    settingrules.check(settings)
    if stored is not None:
        for setting in (*FIXED, *(FIXED_IN_LAB if stored.lab else ())):
            old, new = getattr(stored, setting), getattr(settings, setting)
            if old != new:
                raise ClusterError(
                    f"The cluster in {home.path} was created with {setting.replace('_', ' ')} "
                    f"{old}; it cannot become {new}. Remove it with `mk8s down --purge`, or make a "
                    "second cluster in another directory with --home."
                )
    return settings


def _converted(setting: str, source: str, given: str | int) -> str | int:
    if setting.endswith("_port"):
        return _number(source, given)
    if setting == "vxlan_id":
        return _vxlan_id(source, given)
    if setting == "node_grace":
        return _grace(source, given)
    return ranges.tidy(str(given)) if setting.endswith("_cidr") else str(given)


def _vxlan_id(source: str, given: str | int) -> int:
    try:
        number = int(given)
    except ValueError:
        number = -1
    if not 0 <= number < 1 << 24:
        raise ClusterError(
            f"{source}: {given!r} is not a VXLAN network (1 to 16777215, or 0 for the one that "
            "the cluster's name gives)."
        )
    return number


def _grace(source: str, given: str | int) -> int:
    if not re.fullmatch(r"\d{1,4}", str(given)) or not LEAST_GRACE <= int(given) <= MOST_GRACE:
        raise ClusterError(
            f"{source}: {given!r} is not a time in seconds from {LEAST_GRACE} to {MOST_GRACE}."
        )
    return int(given)


def _number(source: str, given: str | int) -> int:
    try:
        port = int(given)
    except ValueError:
        port = 0
    if not 0 < port < 65536:
        raise ClusterError(f"{source}: {given!r} is not a port number (1 to 65535).")
    return port
