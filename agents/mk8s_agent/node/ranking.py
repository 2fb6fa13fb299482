"""Who has to go when the node runs short, and what is said then: the kubelet's order and words.

Pure.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from minikube8s.api import quantity
from minikube8s.api.quantity import Notation
from minikube8s.api.views import Pod
from mk8s_agent.node.tenants import STORAGE, ContainerUse, Tenant, is_critical
from mk8s_agent.node.thresholds import Crossed

_RESOURCES = {
    "memory.available": "memory",
    "nodefs.available": STORAGE,
    "imagefs.available": STORAGE,
    "nodefs.inodesFree": "inodes",
    "imagefs.inodesFree": "inodes",
    "pid.available": "pids",
}


def resource_of(signal: str) -> str:
    """What the node is low on when a signal falls below its threshold."""
    return _RESOURCES[signal]


def ranked(resource: str, tenants: Iterable[Tenant]) -> list[Tenant]:
    """The pods in the order in which they have to go; those that are spared are left out.

    First who uses more than was requested, then low priority, then who exceeds by most. Processes
    cannot be requested: of them the lowest priority goes first, then who has most.
    """

    def order(one: Tenant) -> tuple[Any, ...]:
        used = _used(resource, one)
        if resource == "pids":
            return one.priority, -used
        over = used - one.requested(resource)
        return over <= 0, one.priority, -over

    return sorted((one for one in tenants if not is_critical(one.pod)), key=order)


def low_message(crossed: Crossed, victim: Tenant) -> str:
    """Why the pod is evicted."""
    resource = _RESOURCES[crossed.threshold.signal]
    limit, left = _shown(resource, crossed.limit), _shown(resource, crossed.available)
    said = f"The node was low on resource: {resource}. "
    said += f"Threshold quantity: {limit}, available: {left}. "
    for container in victim.pod.spec.containers:
        use = victim.use.containers.get(container.name)
        asked = quantity.parse(container.resources.requests.get(resource, "0"))
        used = _used_by(resource, use) if use is not None else 0
        if used > asked.value:
            said += (
                f"Container {container.name} was using {_shown(resource, used)}, request is "
                f"{asked}, has larger consumption of {resource}. "
            )
    return said


def limit_message(one: Tenant) -> str:
    """Why a pod is evicted that uses more of the disk than it may; empty when it does not."""
    for volume in one.pod.spec.volumes:
        limit = volume.empty_dir.size_limit if volume.empty_dir is not None else None
        if limit is None:
            continue
        most = quantity.parse(limit)
        if 0 < most.value < one.use.volumes.get(volume.name, 0):
            return f'Usage of EmptyDir volume "{volume.name}" exceeds the limit "{most}". '
    whole = one.limits.get(STORAGE)
    if whole is not None and one.use.storage > whole.value:
        return f"Pod ephemeral local storage usage exceeds the total limit of containers {whole}. "
    for container in one.pod.spec.containers:
        use = one.use.containers.get(container.name)
        stated = container.resources.limits.get(STORAGE)
        if use is None or stated is None:
            continue
        most = quantity.parse(stated)
        if use.files + use.output > most.value:
            name = container.name
            return f'Container {name} exceeded its local ephemeral storage limit "{most}". '
    return ""


def is_limited(pod: Pod) -> bool:
    """Whether the pod may use only so much of the disk, so that its use has to be known."""
    volumes = (volume.empty_dir for volume in pod.spec.volumes)
    return limits_containers(pod) or any(
        one is not None and one.size_limit is not None for one in volumes
    )


def limits_containers(pod: Pod) -> bool:
    """Whether that is so of what its containers write beside its volumes."""
    return any(STORAGE in one.resources.limits for one in pod.spec.containers)


def _used(resource: str, one: Tenant) -> int:
    match resource:
        case "memory":
            return one.use.memory
        case "pids":
            return one.use.processes
        case "inodes":
            return one.use.inodes
    return one.use.storage


def _used_by(resource: str, use: ContainerUse) -> int:
    match resource:
        case "memory":
            return use.memory
        case "ephemeral-storage":
            return use.files + use.output
    return 0


def _shown(resource: str, number: int) -> str:
    binary = resource in ("memory", STORAGE)
    return str(quantity.from_value(number, Notation.BINARY_SI if binary else Notation.DECIMAL_SI))
