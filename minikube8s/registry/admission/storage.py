"""StorageObjectInUseProtection and PersistentVolumeClaimResize.

The finalizers that are added here are removed by `controllers/protection.py`.
"""

from __future__ import annotations

from minikube8s.api.quantity import parse
from minikube8s.api.resources import STORAGECLASSES
from minikube8s.registry.admission.request import Cluster, Object, Request

CLAIM_PROTECTION = "kubernetes.io/pvc-protection"
VOLUME_PROTECTION = "kubernetes.io/pv-protection"


def protect_claim(request: Request, cluster: Cluster) -> None:
    """Keep a new claim from going while pods use it."""
    if request.old is None:
        _protect(request.object, CLAIM_PROTECTION)


def protect_volume(request: Request, cluster: Cluster) -> None:
    """Keep a new volume from going while it is bound."""
    if request.old is None:
        _protect(request.object, VOLUME_PROTECTION)


def check_resize(request: Request, cluster: Cluster) -> None:
    """Refuse to let a claim grow that is not bound, or whose class does not allow it."""
    if request.old is None or request.subresource:
        return
    if _size(request.object) <= _size(request.old):
        return
    if (request.old.get("status") or {}).get("phase") != "Bound":
        raise request.forbidden("Only bound persistent volume claims can be expanded")
    name = request.object["spec"].get("storageClassName") or ""
    entry = cluster.find(STORAGECLASSES, "", name) if name else None
    if entry is None or not entry.object.get("allowVolumeExpansion"):
        raise request.forbidden(
            "only dynamically provisioned pvc can be resized and the storageclass that provisions"
            " the pvc must support resize"
        )


def _protect(obj: Object, finalizer: str) -> None:
    finalizers = obj["metadata"].setdefault("finalizers", [])
    if finalizer not in finalizers:
        finalizers.append(finalizer)


def _size(claim: Object) -> int:
    requests = (claim["spec"].get("resources") or {}).get("requests") or {}
    return parse(requests.get("storage", "0")).nano
