"""What one object uses of the resources that quotas bound. Pure.

Every kind counts as `count/RESOURCE.GROUP`; some also by an older name. Pods, Services and claims
use more than their number.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from datetime import datetime, timedelta
from typing import Any

from minikube8s.api.meta import is_pod_terminal, parse_time
from minikube8s.api.podresources import Amounts, amounts, containers, limits, requests
from minikube8s.api.quantity import from_value
from minikube8s.api.resources import PERSISTENTVOLUMECLAIMS, PODS, SERVICES, Resource

Object = dict[str, Any]

ONE = from_value(1)
_COMPUTE = ("cpu", "memory", "ephemeral-storage")
_OLDER_NAMES = frozenset(
    {
        "configmaps",
        "persistentvolumeclaims",
        "replicationcontrollers",
        "resourcequotas",
        "secrets",
        "services",
    }
)
_DEMANDED = frozenset(
    f"{side}{name}" for side in ("", "requests.", "limits.") for name in ("cpu", "memory")
)
"""What every container must state where a quota bounds it."""
_CLASS = ".storageclass.storage.k8s.io/"
_CLASS_BEFORE = "volume.beta.kubernetes.io/storage-class"
_CHARGED_ON_UPDATE = frozenset({SERVICES, PERSISTENTVOLUMECLAIMS})


def usage(resource: Resource, obj: Object, *, ended: bool = False) -> Amounts:
    """Return what an object uses, by the names that quotas have for it; what `ended` is counted."""
    used = {f"count/{resource.group_resource}": ONE}
    if not resource.group and resource.plural in _OLDER_NAMES:
        used[resource.plural] = ONE
    more = _MORE.get(resource)
    if more is not None and not ended:
        used.update(more(obj))
    return used


def ends_at(resource: Resource, obj: Object) -> datetime | None:
    """Return when a pod that is being deleted uses nothing more, even if its node is lost."""
    metadata = obj["metadata"]
    if resource is not PODS or not metadata.get("deletionTimestamp"):
        return None
    grace = timedelta(seconds=metadata.get("deletionGracePeriodSeconds") or 0)
    return parse_time(metadata["deletionTimestamp"]) + grace


def is_charged(resource: Resource, subresource: str, *, new: bool) -> bool:
    """Tell whether a write can raise what the object uses."""
    if new:
        return not subresource
    return subresource == "resize" or (not subresource and resource in _CHARGED_ON_UPDATE)


def missing(pod: Object, bounded: Collection[str]) -> str:
    """Return what containers must state because a quota bounds it: `limits.cpu for: a,b; …`."""
    lacking: dict[str, set[str]] = {}
    for container in containers(pod["spec"]):
        resources = container.get("resources") or {}
        stated = _compute(amounts(resources.get("requests")), amounts(resources.get("limits")))
        for name in _DEMANDED & set(bounded):
            if name not in stated:
                lacking.setdefault(name, set()).add(container.get("name", ""))
    return "; ".join(f"{name} for: {','.join(sorted(lacking[name]))}" for name in sorted(lacking))


def _pod(pod: Object) -> Amounts:
    if is_pod_terminal(pod):
        return {}
    return {"pods": ONE, **_compute(requests(pod["spec"]), limits(pod["spec"]))}


def _compute(asked: Amounts, most: Amounts) -> Amounts:
    used: Amounts = {}
    for name, amount in asked.items():
        if name in _COMPUTE or name.startswith("hugepages-"):
            used[name] = used[f"requests.{name}"] = amount
        elif "/" in name and "kubernetes.io/" not in name:
            # Extended resources cannot be overcommitted: only what is requested counts.
            used[f"requests.{name}"] = amount
    used.update({f"limits.{name}": most[name] for name in _COMPUTE if name in most})
    return used


def _service(service: Object) -> Amounts:
    spec = service.get("spec") or {}
    ports, kind = spec.get("ports") or (), spec.get("type")
    used: Amounts = {}
    if kind == "NodePort":
        used["services.nodeports"] = from_value(len(ports))
    elif kind == "LoadBalancer":
        used["services.loadbalancers"] = ONE
        if spec.get("allocateLoadBalancerNodePorts") is False:
            ports = [port for port in ports if port.get("nodePort")]
        used["services.nodeports"] = from_value(len(ports))
    return used


def _claim(claim: Object) -> Amounts:
    spec = claim.get("spec") or {}
    annotations = claim["metadata"].get("annotations") or {}
    storage_class = annotations.get(_CLASS_BEFORE) or spec.get("storageClassName") or ""
    used: Amounts = {}
    asked = amounts((spec.get("resources") or {}).get("requests")).get("storage")
    if asked is not None:
        # While a claim shrinks back after a failed expansion, what was given still counts.
        given = amounts((claim.get("status") or {}).get("allocatedResources")).get("storage")
        used["requests.storage"] = max(asked, given) if given is not None else asked
    if storage_class:
        used[f"{storage_class}{_CLASS}persistentvolumeclaims"] = ONE
        if asked is not None:
            used[f"{storage_class}{_CLASS}requests.storage"] = used["requests.storage"]
    return used


_MORE: dict[Resource, Callable[[Object], Amounts]] = {
    PODS: _pod,
    SERVICES: _service,
    PERSISTENTVOLUMECLAIMS: _claim,
}


def masked(used: Amounts, names: Iterable[str]) -> Amounts:
    """Return the part of `used` that has one of these names."""
    return {name: used[name] for name in names if name in used}
