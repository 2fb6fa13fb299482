"""Validation of a pod's volumes."""

from __future__ import annotations

from minikube8s.api import names
from minikube8s.api.errors import Cause, duplicate, forbidden_field, invalid_value, required
from minikube8s.api.strategy.checks.common import Obj, needed_name

_REQUIRED = {
    "configMap": "name",
    "secret": "secretName",
    "persistentVolumeClaim": "claimName",
    "hostPath": "path",
}
"""The one field that each of these sources cannot do without."""

_FILE_SOURCES = ("configMap", "secret", "downwardAPI", "projected")


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
    needed = _REQUIRED.get(name)
    if needed and not source.get(needed):
        causes.append(required(f"{at}.{name}.{needed}"))
    if name == "hostPath" and ".." in (source.get("path") or "").split("/"):
        causes.append(invalid_value(f"{at}.{name}.path", source["path"], "must not contain '..'"))
    if name in _FILE_SOURCES:
        causes += _files(f"{at}.{name}", source)
    return causes


def _files(at: str, source: Obj) -> list[Cause]:
    causes = _mode(f"{at}.defaultMode", source.get("defaultMode"))
    for position, item in enumerate(source.get("items") or ()):
        field = f"{at}.items[{position}]"
        path = item.get("path")
        if "key" in item and not item["key"]:
            causes.append(required(f"{field}.key"))
        if not path:
            causes.append(required(f"{field}.path"))
        elif path.startswith("/"):
            causes.append(invalid_value(f"{field}.path", path, "must be a relative path"))
        elif ".." in path.split("/"):
            causes.append(invalid_value(f"{field}.path", path, "must not contain '..'"))
        causes += _mode(f"{field}.mode", item.get("mode"))
    return causes


def _mode(field: str, mode: int | None) -> list[Cause]:
    if mode is None or 0 <= mode <= 0o777:
        return []
    why = "must be a number between 0 and 0777 (octal), both inclusive"
    return [invalid_value(field, mode, why)]
