"""RuntimeClass: what the class of a new pod adds to it."""

from __future__ import annotations

from minikube8s.api.podresources import amounts
from minikube8s.api.resources import RUNTIMECLASSES
from minikube8s.registry.admission.request import Cluster, Object, Request

_DIFFERS = "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead"
_ALONE = "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead"


def admit(request: Request, cluster: Cluster) -> None:
    """Give a new pod the overhead and the scheduling of its class. Raises ApiError 403."""
    if request.old is not None:
        return
    spec = request.object["spec"]
    overhead: Object = {}
    name = spec.get("runtimeClassName")
    if name:
        entry = cluster.find(RUNTIMECLASSES, "", name)
        if entry is None:
            raise request.forbidden(f'pod rejected: RuntimeClass "{name}" not found')
        overhead = (entry.object.get("overhead") or {}).get("podFixed") or {}
        why = merge_scheduling(spec, entry.object.get("scheduling") or {})
        if why:
            raise request.forbidden(why)
    if not overhead:
        if spec.get("overhead"):
            raise request.forbidden(_ALONE)
    elif amounts(spec.setdefault("overhead", dict(overhead))) != amounts(overhead):
        raise request.forbidden(_DIFFERS)


def merge_scheduling(spec: Object, scheduling: Object) -> str:
    """Add the class's node selector and tolerations to a pod's; return why that cannot be."""
    selector = spec.get("nodeSelector") or {}
    for key, value in (scheduling.get("nodeSelector") or {}).items():
        if selector.get(key, value) != value:
            return (
                f"conflict: runtimeClass.scheduling.nodeSelector[{key}] = {value};"
                f" pod.spec.nodeSelector[{key}] = {selector[key]}"
            )
        spec["nodeSelector"] = selector = {**selector, key: value}
    known = spec.get("tolerations") or []
    added = [one for one in scheduling.get("tolerations") or () if one not in known]
    if added:
        spec["tolerations"] = [*known, *added]
    return ""
