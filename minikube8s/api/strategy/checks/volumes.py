"""Validation of a pod's volumes."""

from __future__ import annotations

from minikube8s.api import names, quantity
from minikube8s.api.errors import Cause, duplicate, forbidden_field, invalid_value, required
from minikube8s.api.strategy.checks import projected
from minikube8s.api.strategy.checks.common import (
    Obj,
    needed_name,
    no_backsteps,
    optional_one_of,
)

HOST_PATH_TYPES = (
    "",
    "BlockDevice",
    "CharDevice",
    "Directory",
    "DirectoryOrCreate",
    "File",
    "FileOrCreate",
    "Socket",
)
_REQUIRED = {
    "configMap": ("name",),
    "csi": ("driver",),
    "hostPath": ("path",),
    "nfs": ("server", "path"),
    "persistentVolumeClaim": ("claimName",),
    "secret": ("secretName",),
}
"""The fields that these sources cannot do without."""


def names_of(spec: Obj) -> frozenset[str]:
    """Return the names that containers may mount."""
    return frozenset(volume.get("name", "") for volume in spec.get("volumes") or ())


def check(field: str, spec: Obj) -> list[Cause]:
    """Check the `volumes` of a pod spec."""
    causes: list[Cause] = []
    taken: set[str] = set()
    for position, volume in enumerate(spec.get("volumes") or ()):
        at = f"{field}.volumes[{position}]"
        name = volume.get("name")
        causes += needed_name(f"{at}.name", name, names.dns1123_label)
        if name and name in taken:
            causes.append(duplicate(f"{at}.name", name))
        taken.add(name)
        causes += _source(at, volume)
    return causes


def _source(at: str, volume: Obj) -> list[Cause]:
    found = [name for name, value in volume.items() if name != "name" and value is not None]
    if not found:
        return [required(at, "must specify a volume type")]
    causes = [
        forbidden_field(f"{at}.{name}", "may not specify more than 1 volume type")
        for name in found[1:]
    ]
    name, source = found[0], volume[found[0]]
    at = f"{at}.{name}"
    causes += [required(f"{at}.{part}") for part in _REQUIRED.get(name, ()) if not source.get(part)]
    match name:
        case "configMap" | "secret" | "downwardAPI":
            causes += projected.check_items(at, source, pod=name == "downwardAPI")
        case "projected":
            causes += projected.check(at, source)
        case "hostPath":
            causes += no_backsteps(f"{at}.path", source.get("path") or "")
            causes += optional_one_of(f"{at}.type", source.get("type"), HOST_PATH_TYPES)
        case "emptyDir":
            causes += _empty_dir(at, source)
        case "nfs" if source.get("path") and not source["path"].startswith("/"):
            why = "must be an absolute path"
            causes.append(invalid_value(f"{at}.path", source["path"], why))
        case "ephemeral" if source.get("volumeClaimTemplate") is None:
            causes.append(required(f"{at}.volumeClaimTemplate"))
    return causes


def _empty_dir(at: str, source: Obj) -> list[Cause]:
    limit = source.get("sizeLimit")
    if limit is None or quantity.parse(limit).nano >= 0:
        return []
    why = "SizeLimit field must be a valid resource quantity"
    return [forbidden_field(f"{at}.sizeLimit", why)]
