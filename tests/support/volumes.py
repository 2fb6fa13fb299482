"""Claims, volumes and classes, as JSON and as views."""

from typing import Any

from minikube8s.api.views import PersistentVolume, PersistentVolumeClaim, StorageClass, from_dict

Json = dict[str, Any]


def claim_json(name: str = "c", *, size: str = "1Gi", uid: str = "", **fields: Any) -> Json:
    """A claim; `fields` are those of its spec, and `annotations`, `phase`."""
    annotations, phase = fields.pop("annotations", {}), fields.pop("phase", "Pending")
    spec = {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": size}},
        "storageClassName": "",
        "volumeMode": "Filesystem",
        **fields,
    }
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {
            "name": name,
            "namespace": "default",
            "uid": uid or f"uid-{name}",
            "resourceVersion": "7",
            "annotations": annotations,
        },
        "spec": {name: value for name, value in spec.items() if value is not None},
        "status": {"phase": phase},
    }


def volume_json(name: str = "v", *, size: str = "1Gi", **fields: Any) -> Json:
    """A volume; `fields` are those of its spec, and `labels`, `annotations`, `phase`…"""
    metadata = {
        "name": name,
        "uid": f"uid-{name}",
        "resourceVersion": "9",
        "labels": fields.pop("labels", {}),
        "annotations": fields.pop("annotations", {}),
        "finalizers": fields.pop("finalizers", []),
    }
    if "deletionTimestamp" in fields:
        metadata["deletionTimestamp"] = fields.pop("deletionTimestamp")
    phase = fields.pop("phase", "Available")
    spec = {
        "accessModes": ["ReadWriteOnce"],
        "capacity": {"storage": size},
        "persistentVolumeReclaimPolicy": "Retain",
        "volumeMode": "Filesystem",
        "hostPath": {"path": f"/srv/{name}", "type": ""},
        **fields,
    }
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": metadata,
        "spec": {name: value for name, value in spec.items() if value is not None},
        "status": {"phase": phase},
    }


def class_json(name: str = "local-path", **fields: Any) -> Json:
    """A class, by default one of mk8s' own provisioner that waits for the first consumer."""
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": name},
        "provisioner": "mk8s.io/local-path",
        "reclaimPolicy": "Delete",
        "volumeBindingMode": "WaitForFirstConsumer",
        **fields,
    }


def claim(name: str = "c", **fields: Any) -> PersistentVolumeClaim:
    return from_dict(PersistentVolumeClaim, claim_json(name, **fields))


def volume(name: str = "v", **fields: Any) -> PersistentVolume:
    return from_dict(PersistentVolume, volume_json(name, **fields))


def storage_class(name: str = "local-path", **fields: Any) -> StorageClass:
    return from_dict(StorageClass, class_json(name, **fields))


def on_node(*hostnames: str) -> Json:
    """The affinity of a volume that is on one of these nodes."""
    there = {"key": "kubernetes.io/hostname", "operator": "In", "values": list(hostnames)}
    return {"required": {"nodeSelectorTerms": [{"matchExpressions": [there]}]}}


def reference(name: str = "c", uid: str | None = None) -> Json:
    """How a volume names a claim; uid "" reserves it for whichever has the name."""
    named = {"kind": "PersistentVolumeClaim", "namespace": "default", "name": name}
    return {**named, "uid": f"uid-{name}" if uid is None else uid}
