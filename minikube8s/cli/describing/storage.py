"""How PersistentVolumes and what provides them are described."""

from __future__ import annotations

from typing import Any

from minikube8s.api.quantity import canonical
from minikube8s.cli.describing import claims, common, volumes
from minikube8s.cli.describing.writer import Writer

Object = dict[str, Any]
_DEFAULTS = (
    "storageclass.kubernetes.io/is-default-class",
    "storageclass.beta.kubernetes.io/is-default-class",
)


def volume(w: Writer, obj: Object, around: common.Around) -> None:
    """A PersistentVolume with its source."""
    spec, status, metadata = obj["spec"], obj.get("status") or {}, obj["metadata"]
    common.head(w, obj, namespace=False)
    common.labels(w, obj)
    w.line(0, "Finalizers:", common.go(metadata.get("finalizers") or []))
    w.line(0, "StorageClass:", claims.class_of(obj))
    common.status(w, obj, around, status.get("phase"))
    owner = spec.get("claimRef")
    w.line(0, "Claim:", f"{owner.get('namespace', '')}/{owner.get('name', '')}" if owner else "")
    w.line(0, "Reclaim Policy:", spec.get("persistentVolumeReclaimPolicy", ""))
    w.line(0, "Access Modes:", claims.modes(spec.get("accessModes")))
    if spec.get("volumeMode"):
        w.line(0, "VolumeMode:", spec["volumeMode"])
    w.line(0, "Capacity:", canonical((spec.get("capacity") or {}).get("storage", 0)))
    _affinity(w, (spec.get("nodeAffinity") or {}).get("required"))
    w.line(0, "Message:", status.get("message", ""))
    w.line(0, "Source:")
    volumes.of_volume(w, spec)
    common.events(w, around)


def storage_class(w: Writer, obj: Object, around: common.Around) -> None:
    """A StorageClass with its parameters."""
    annotations = obj["metadata"].get("annotations") or {}
    common.head(w, obj, namespace=False)
    default = any(annotations.get(key) == "true" for key in _DEFAULTS)
    w.line(0, "IsDefaultClass:", "Yes" if default else "No")
    w.line(0, "Annotations:", common.joined(annotations))
    w.line(0, "Provisioner:", obj.get("provisioner", ""))
    w.line(0, "Parameters:", common.joined(obj.get("parameters")))
    expands = obj.get("allowVolumeExpansion")
    w.line(0, "AllowVolumeExpansion:", common.UNSET if expands is None else str(expands))
    mounts = obj.get("mountOptions") or ()
    w.line(0, "MountOptions:", *(() if mounts else (common.NONE,)))
    for option in mounts:
        w.line(1, option)
    for label, field in (
        ("ReclaimPolicy:", "reclaimPolicy"),
        ("VolumeBindingMode:", "volumeBindingMode"),
    ):
        if obj.get(field):
            w.line(0, label, obj[field])
    topologies = obj.get("allowedTopologies")
    if topologies is not None:
        w.line(0, "AllowedTopologies:", "" if topologies else common.NONE)
    for index, term in enumerate(topologies or ()):
        wanted = term.get("matchLabelExpressions") or ()
        w.several(1, f"Term {index}", (_wanted({**one, "operator": "In"}) for one in wanted))
    common.events(w, around)


def attributes_class(w: Writer, obj: Object, around: common.Around) -> None:
    """A VolumeAttributesClass with its parameters."""
    common.head(w, obj, namespace=False)
    w.line(0, "Annotations:", common.joined(obj["metadata"].get("annotations")))
    w.line(0, "DriverName:", obj.get("driverName", ""))
    w.line(0, "Parameters:", common.joined(obj.get("parameters")))
    common.events(w, around)


def csi_node(w: Writer, obj: Object, around: common.Around) -> None:
    """A CSINode with its drivers."""
    common.head(w, obj, namespace=False)
    common.labels(w, obj)
    common.created(w, obj)
    w.line(0, "Spec:")
    drivers = (obj.get("spec") or {}).get("drivers")
    if drivers is not None:
        w.line(1, "Drivers:")
    for driver in drivers or ():
        w.line(2, f"{driver['name']}:")
        w.line(3, "Node ID:", driver.get("nodeID", ""))
        count = (driver.get("allocatable") or {}).get("count")
        if count is not None:
            w.line(3, "Allocatables:")
            w.line(4, "Count:", count)
        if driver.get("topologyKeys") is not None:
            w.line(3, "Topology Keys:", common.go(driver["topologyKeys"]))
    common.events(w, around)


def _affinity(w: Writer, required: Object | None) -> None:
    w.line(0, "Node Affinity:", "" if required else common.NONE)
    if not required:
        return
    terms = required.get("nodeSelectorTerms") or ()
    w.line(1, "Required Terms:", "" if terms else common.NONE)
    for index, term in enumerate(terms):
        wanted = term.get("matchExpressions") or ()
        w.several(2, f"Term {index}", map(_wanted, wanted))


def _wanted(one: Object) -> str:
    values = f" [{', '.join(one['values'])}]" if one.get("values") else ""
    return f"{one['key']} {one['operator'].lower()}{values}"
