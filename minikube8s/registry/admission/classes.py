"""DefaultStorageClass and DefaultIngressClass: what names no class gets the default one."""

from __future__ import annotations

from collections.abc import Iterable

from minikube8s.api.resources import INGRESSCLASSES, STORAGECLASSES
from minikube8s.registry.admission.request import Cluster, Object, Request
from minikube8s.store.entry import Entry

_STORAGE_DEFAULT = "storageclass.kubernetes.io/is-default-class"
_STORAGE_DEFAULT_BEFORE = "storageclass.beta.kubernetes.io/is-default-class"
_STORAGE_CLASS_BEFORE = "volume.beta.kubernetes.io/storage-class"
_INGRESS_DEFAULT = "ingressclass.kubernetes.io/is-default-class"
_INGRESS_CLASS_BEFORE = "kubernetes.io/ingress.class"


def admit_claim(request: Request, cluster: Cluster) -> None:
    """Name the class of a new claim. An empty name asks for none."""
    spec = request.object.setdefault("spec", {})
    annotations = request.object["metadata"].get("annotations") or {}
    if request.old is None and not (
        "storageClassName" in spec or _STORAGE_CLASS_BEFORE in annotations
    ):
        name = default_storage_class(cluster.list(STORAGECLASSES, ""))
        if name:
            spec["storageClassName"] = name


def admit_ingress(request: Request, cluster: Cluster) -> None:
    """Name the class of a new Ingress."""
    spec = request.object.setdefault("spec", {})
    annotations = request.object["metadata"].get("annotations") or {}
    if request.old is None and not (
        "ingressClassName" in spec or _INGRESS_CLASS_BEFORE in annotations
    ):
        known = (entry.object for entry in cluster.list(INGRESSCLASSES, ""))
        name = default_of(known, _INGRESS_DEFAULT)
        if name:
            spec["ingressClassName"] = name


def default_storage_class(classes: Iterable[Entry]) -> str:
    """Return the name of the StorageClass that claims without one get, "" if there is none."""
    known = (entry.object for entry in classes)
    return default_of(known, _STORAGE_DEFAULT, _STORAGE_DEFAULT_BEFORE)


def default_of(classes: Iterable[Object], *annotations: str) -> str:
    """Return the name of the class marked as default, "" if none is; of several the newest."""
    marked = [
        one["metadata"]
        for one in classes
        if any(
            (one["metadata"].get("annotations") or {}).get(annotation) == "true"
            for annotation in annotations
        )
    ]
    # By name first: the later, stable sort by age keeps that order among those of one age.
    marked.sort(key=lambda metadata: metadata["name"])
    marked.sort(key=lambda metadata: metadata["creationTimestamp"], reverse=True)
    return marked[0]["name"] if marked else ""
