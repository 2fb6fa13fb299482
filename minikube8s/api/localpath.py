"""Volumes that are directories of a node: how they are made, found and given back. Pure.

The provisioner `mk8s.io/local-path` plans them, the agent of the node makes and removes them. The
PersistentVolume exists before its directory and goes after it, so nothing is left behind.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from minikube8s.api.persistence import PROVISIONED_BY, WAIT_FOR_FIRST_CONSUMER
from minikube8s.api.views import ObjectMeta, PersistentVolume

PROVISIONER = "mk8s.io/local-path"
CLASS = "local-path"
"""The name of the class that every cluster has."""
DIRECTORY = "mk8s.io/volumes-dir"
"""The annotation in which a node says where its volumes are."""
FINALIZER = "external-provisioner.volume.kubernetes.io/finalizer"
"""On a volume: it stays until its directory is removed."""
HOSTNAME = "kubernetes.io/hostname"


def storage_class() -> dict[str, Any]:
    """Return the class that claims without one get."""
    default = {"storageclass.kubernetes.io/is-default-class": "true"}
    return {
        "metadata": {"name": CLASS, "annotations": default},
        "provisioner": PROVISIONER,
        "reclaimPolicy": "Delete",
        "volumeBindingMode": WAIT_FOR_FIRST_CONSUMER,
    }


def is_ours(volume: PersistentVolume) -> bool:
    """Tell whether the volume is a directory that an agent made."""
    return (
        volume.metadata.annotations.get(PROVISIONED_BY) == PROVISIONER
        and volume.spec.local is not None
    )


def is_given_back(volume: PersistentVolume) -> bool:
    """Tell whether the node shall remove the directory now."""
    if not is_ours(volume) or FINALIZER not in volume.metadata.finalizers:
        return False
    if volume.spec.persistent_volume_reclaim_policy != "Delete":
        return False
    phase = volume.status.phase
    return phase in ("Released", "Failed") or (
        volume.metadata.deletion_timestamp is not None and phase != "Bound"
    )


def hostname_of(volume: PersistentVolume) -> str:
    """Return the hostname label of the node that has the directory; "" when it names none."""
    affinity = volume.spec.node_affinity
    terms = affinity.required.node_selector_terms if affinity and affinity.required else ()
    for term in terms:
        for one in term.match_expressions:
            if one.key == HOSTNAME and one.operator == "In" and len(one.values) == 1:
                return one.values[0]
    return ""


def home(volume: PersistentVolume, nodes: Iterable[ObjectMeta]) -> str:
    """Return the name of the node that has the directory, whether it is among `nodes` or not."""
    hostname = hostname_of(volume)
    return next((one.name for one in nodes if hostname_label(one) == hostname), hostname)


def hostname_label(node: ObjectMeta) -> str:
    """Return a node's hostname label, its name when it has none."""
    return node.labels.get(HOSTNAME, node.name)
