"""How PersistentVolumeClaims are described, and their templates within other objects."""

from __future__ import annotations

from typing import Any

from minikube8s.api.quantity import canonical
from minikube8s.cli.describing import common
from minikube8s.cli.describing.writer import Writer

Object = dict[str, Any]
_OLD_CLASS = "volume.beta.kubernetes.io/storage-class"
_MODES = {
    "ReadWriteOnce": "RWO",
    "ReadOnlyMany": "ROX",
    "ReadWriteMany": "RWX",
    "ReadWriteOncePod": "RWOP",
}


def claim(w: Writer, obj: Object, around: common.Around) -> None:
    """A claim and the pods that use it (``pods``: those of its namespace)."""
    facts(w, obj, around)
    w.several(0, "Used By", sorted(_users(obj, around.related.get("pods") or [])))
    found = (obj.get("status") or {}).get("conditions")
    columns = ("Type", "Status", "LastProbeTime", "LastTransitionTime", "Reason", "Message")
    common.conditions(w, found, *columns, space=" ")
    common.events(w, around)


def facts(w: Writer, obj: Object, around: common.Around | None, indent: str = "") -> None:
    """What a claim says; without ``around`` it is a template, which has no name and status."""
    spec, status = obj["spec"], obj.get("status") or {}
    if around:
        common.head(w, obj)
    w.line(0, f"{indent}StorageClass:", class_of(obj))
    if around:
        common.status(w, obj, around, status.get("phase"))
    name = spec.get("volumeName") or ""
    w.line(0, f"{indent}Volume:", name)
    labels = common.pairs(obj["metadata"].get("labels")) or [common.NONE]
    w.several(0, f"{indent}Labels", (indent + pair for pair in labels))
    common.notes(w, obj, indent, indent)
    if around:
        w.line(0, "Finalizers:", common.go(obj["metadata"].get("finalizers") or []))
    capacity = canonical((status.get("capacity") or {}).get("storage", 0)) if name else ""
    w.line(0, f"{indent}Capacity:", capacity)
    w.line(0, f"{indent}Access Modes:", modes(status.get("accessModes")) if name else "")
    if spec.get("volumeMode"):
        w.line(0, f"{indent}VolumeMode:", spec["volumeMode"])
    source = spec.get("dataSource")
    if source:
        w.line(0, f"{indent}DataSource:")
        for label, field in (("APIGroup", "apiGroup"), ("Kind", "kind"), ("Name", "name")):
            if field != "apiGroup" or source.get(field) is not None:
                w.line(1, f"{indent}{label}:", source.get(field, ""))


def templates(w: Writer, found: list[Object] | None) -> None:
    """The Volume Claims of a StatefulSet."""
    if not found:
        w.line(0, "Volume Claims:", common.NONE)
        return
    w.line(0, "Volume Claims:")
    for one in found:
        w.line(1, "Name:", one["metadata"]["name"])
        w.line(1, "StorageClass:", class_of(one))
        for field in ("labels", "annotations"):
            w.several(1, field.capitalize(), common.pairs(one["metadata"].get(field)))
        size = ((one["spec"].get("resources") or {}).get("requests") or {}).get("storage")
        w.line(1, "Capacity:", "<default>" if size is None else canonical(size))
        w.line(1, "Access Modes:", common.go(one["spec"].get("accessModes") or []))


def class_of(obj: Object) -> str:
    """The storage class of a volume or claim: by the old annotation, else by its field."""
    old = (obj["metadata"].get("annotations") or {}).get(_OLD_CLASS)
    return str(obj["spec"].get("storageClassName") or "") if old is None else str(old)


def modes(found: list[str] | None) -> str:
    """Access modes as `get` shows them: `RWO,ROX`."""
    return ",".join(word for mode, word in _MODES.items() if mode in (found or ()))


def _users(obj: Object, pods: list[Object]) -> list[str]:
    name, owners = obj["metadata"]["name"], obj["metadata"].get("ownerReferences") or ()
    uids = {owner["uid"] for owner in owners if owner["kind"] == "Pod"}
    return [
        pod["metadata"]["name"]
        for pod in pods
        if pod["metadata"].get("uid") in uids
        or any(
            (volume.get("persistentVolumeClaim") or {}).get("claimName") == name
            for volume in pod["spec"].get("volumes") or ()
        )
    ]
