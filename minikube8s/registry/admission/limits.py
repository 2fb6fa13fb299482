"""LimitRanger: what a namespace's LimitRanges give to new pods, and refuse of pods and claims.

Owns the sentences about limits. All of a LimitRange's refusals are told at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from minikube8s.api.podresources import Amounts, amounts, containers, limits, requests
from minikube8s.api.quantity import Quantity
from minikube8s.api.resources import LIMITRANGES
from minikube8s.registry.admission.request import Cluster, Object, Request

ANNOTATION = "kubernetes.io/limit-ranger"
_CONTAINER, _POD, _CLAIM = "Container", "Pod", "PersistentVolumeClaim"
_ZERO = Quantity(0)


def default_pod(request: Request, cluster: Cluster) -> None:
    """Complete a new pod's containers."""
    if request.old is None:
        for entry in cluster.list(LIMITRANGES, request.namespace):
            apply_defaults(request.object, entry.object)


def check_pod(request: Request, cluster: Cluster) -> None:
    """Refuse a pod, when it is new or resized, that is outside of the limits."""
    if request.old is None or request.subresource == "resize":
        for entry in cluster.list(LIMITRANGES, request.namespace):
            _refuse(request, pod_faults(request.object["spec"], entry.object))


def check_claim(request: Request, cluster: Cluster) -> None:
    """Refuse a PersistentVolumeClaim that is outside of the limits."""
    for entry in cluster.list(LIMITRANGES, request.namespace):
        _refuse(request, claim_faults(request.object["spec"], entry.object))


def apply_defaults(pod: Object, limit_range: Object) -> None:
    """Give a pod's containers the requests and limits that they lack, and note it on the pod."""
    default_limits: dict[str, Any] = {}
    default_requests: dict[str, Any] = {}
    for limit in _limits(limit_range, _CONTAINER):
        default_limits.update(limit.get("default") or {})
        default_requests.update(limit.get("defaultRequest") or {})
    notes: list[str] = []
    for section, word in (("containers", "container"), ("initContainers", "init container")):
        for container in pod["spec"].get(section) or ():
            resources = container.setdefault("resources", {})
            for side, given in (("requests", default_requests), ("limits", default_limits)):
                lacking = {k: v for k, v in given.items() if k not in (resources.get(side) or {})}
                if lacking:
                    resources[side] = {**(resources.get(side) or {}), **lacking}
                    names = ", ".join(sorted(lacking))
                    notes.append(f"{names} {side[:-1]} for {word} {container.get('name', '')}")
    if notes:
        annotations = pod["metadata"].setdefault("annotations", {})
        annotations[ANNOTATION] = f"LimitRanger plugin set: {'; '.join(notes)}"


def pod_faults(spec: Object, limit_range: Object) -> list[str]:
    """Return what a LimitRange has against a pod."""
    faults: list[str] = []
    for limit in _limits(limit_range, _CONTAINER):
        for container in containers(spec):
            resources = container.get("resources") or {}
            asked, most = amounts(resources.get("requests")), amounts(resources.get("limits"))
            faults += _faults(_CONTAINER, limit, asked, most)
    for limit in _limits(limit_range, _POD):
        asked, most = requests(spec, overhead=False), limits(spec, overhead=False)
        faults += _faults(_POD, limit, asked, most)
    return faults


def claim_faults(spec: Object, limit_range: Object) -> list[str]:
    """Return what a LimitRange has against a claim. Claims have requests only."""
    asked = amounts((spec.get("resources") or {}).get("requests"))
    faults: list[str] = []
    for limit in _limits(limit_range, _CLAIM):
        for name, least in sorted(amounts(limit.get("min")).items()):
            faults += _below(_CLAIM, name, least, asked, {})
        for name, most in sorted(amounts(limit.get("max")).items()):
            rule = f"maximum {name} usage per {_CLAIM} is {most}"
            if name not in asked:
                faults.append(f"{rule}.  No request is specified")
            elif asked[name] > most:
                faults.append(f"{rule}, but request is {asked[name]}")
    return faults


def _refuse(request: Request, faults: list[str]) -> None:
    told = list(dict.fromkeys(faults))
    if told:
        raise request.forbidden(told[0] if len(told) == 1 else f"[{', '.join(told)}]")


def _limits(limit_range: Object, kind: str) -> Iterable[Object]:
    limits: Iterable[Object] = limit_range["spec"].get("limits") or ()
    return (limit for limit in limits if limit.get("type") == kind)


def _faults(kind: str, limit: Object, asked: Amounts, most: Amounts) -> Iterator[str]:
    for name, bound in sorted(amounts(limit.get("min")).items()):
        yield from _below(kind, name, bound, asked, most)
    for name, bound in sorted(amounts(limit.get("max")).items()):
        yield from _above(kind, name, bound, asked, most)
    for name, bound in sorted(amounts(limit.get("maxLimitRequestRatio")).items()):
        yield from _stretched(kind, name, bound, asked, most)


def _below(kind: str, name: str, bound: Quantity, asked: Amounts, most: Amounts) -> Iterator[str]:
    rule = f"minimum {name} usage per {kind} is {bound}"
    if name not in asked:
        yield f"{rule}.  No request is specified"
    elif asked[name] < bound:
        yield f"{rule}, but request is {asked[name]}"
    elif name in most and most[name] < bound:
        yield f"{rule}, but limit is {most[name]}"


def _above(kind: str, name: str, bound: Quantity, asked: Amounts, most: Amounts) -> Iterator[str]:
    rule = f"maximum {name} usage per {kind} is {bound}"
    if name not in most:
        yield f"{rule}.  No limit is specified"
    elif most[name] > bound:
        yield f"{rule}, but limit is {most[name]}"
    elif name in asked and asked[name] > bound:
        yield f"{rule}, but request is {asked[name]}"


def _stretched(
    kind: str, name: str, bound: Quantity, asked: Amounts, most: Amounts
) -> Iterator[str]:
    rule = f"{name} max limit to request ratio per {kind} is {bound}"
    if not asked.get(name, _ZERO):
        yield f"{rule}, but no request is specified or request is 0"
    elif not most.get(name, _ZERO):
        yield f"{rule}, but no limit is specified or limit is 0"
    elif most[name].nano * 10**9 > bound.nano * asked[name].nano:
        yield f"{rule}, but provided ratio is {most[name].nano / asked[name].nano:f}"
