"""Validation of what containers see of their pod's volumes: mounts, and raw devices."""

from __future__ import annotations

from collections.abc import Iterable

from minikube8s.api.errors import (
    Cause,
    forbidden_field,
    invalid_value,
    not_found_value,
    required,
)
from minikube8s.api.strategy.checks.common import (
    Obj,
    local_path,
    no_backsteps,
    optional_one_of,
)

PROPAGATIONS = ("Bidirectional", "HostToContainer", "None")
_READ_ONLY = ("Disabled", "Enabled", "IfPossible")
_UNIQUE = "must be unique"


def check(at: str, container: Obj, volumes: frozenset[str]) -> list[Cause]:
    """Check mounts and devices of the container at the path `at`."""
    devices = container.get("volumeDevices") or ()
    mounts = container.get("volumeMounts") or ()
    causes = _mounts(f"{at}.volumeMounts", container, devices, volumes)
    return causes + _devices(f"{at}.volumeDevices", devices, mounts, volumes)


def _mounts(
    field: str, container: Obj, devices: Iterable[Obj], volumes: frozenset[str]
) -> list[Cause]:
    causes: list[Cause] = []
    taken: set[str] = set()
    raw = {device.get("devicePath") for device in devices}
    for position, mount in enumerate(container.get("volumeMounts") or ()):
        at = f"{field}[{position}]"
        path = mount.get("mountPath") or ""
        causes += _volume(f"{at}.name", mount.get("name"), volumes)
        if not path:
            causes.append(required(f"{at}.mountPath"))
        elif path in taken:
            causes.append(invalid_value(f"{at}.mountPath", path, _UNIQUE))
        elif path in raw:
            why = "must not already exist as a path in volumeDevices"
            causes.append(invalid_value(f"{at}.mountPath", path, why))
        taken.add(path)
        causes += _sub_paths(at, mount) + _propagation(f"{at}.mountPropagation", mount, container)
        causes += _recursion(f"{at}.recursiveReadOnly", mount)
    return causes


def _devices(
    field: str, devices: Iterable[Obj], mounts: Iterable[Obj], volumes: frozenset[str]
) -> list[Cause]:
    causes: list[Cause] = []
    taken: set[str] = set()
    mounted = {mount.get("mountPath") for mount in mounts}
    for position, device in enumerate(devices):
        at, path = f"{field}[{position}]", device.get("devicePath") or ""
        causes += _volume(f"{at}.name", device.get("name"), volumes)
        if not path:
            causes.append(required(f"{at}.devicePath"))
        elif path in taken:
            causes.append(invalid_value(f"{at}.devicePath", path, _UNIQUE))
        elif path in mounted:
            why = "must not already exist as a path in volumeMounts"
            causes.append(invalid_value(f"{at}.devicePath", path, why))
        else:
            causes += no_backsteps(f"{at}.devicePath", path)
        taken.add(path)
    return causes


def _volume(field: str, name: str | None, volumes: frozenset[str]) -> list[Cause]:
    if not name:
        return [required(field)]
    return [] if name in volumes else [not_found_value(field, name)]


def _sub_paths(at: str, mount: Obj) -> list[Cause]:
    causes: list[Cause] = []
    for name in ("subPath", "subPathExpr"):
        if mount.get(name):
            causes += local_path(f"{at}.{name}", mount[name])
    if mount.get("subPath") and mount.get("subPathExpr"):
        why = "subPathExpr and subPath are mutually exclusive"
        causes.append(invalid_value(f"{at}.subPathExpr", mount["subPathExpr"], why))
    return causes


def _propagation(field: str, mount: Obj, container: Obj) -> list[Cause]:
    kind = mount.get("mountPropagation")
    privileged = (container.get("securityContext") or {}).get("privileged")
    if kind == "Bidirectional" and not privileged:
        why = "Bidirectional mount propagation is available only to privileged containers"
        return [forbidden_field(field, why)]
    return optional_one_of(field, kind, PROPAGATIONS)


def _recursion(field: str, mount: Obj) -> list[Cause]:
    kind = mount.get("recursiveReadOnly")
    if kind in (None, "Disabled") or kind not in _READ_ONLY:
        return optional_one_of(field, kind, _READ_ONLY)
    if not mount.get("readOnly"):
        return [forbidden_field(field, "may only be specified when readOnly is true")]
    if mount.get("mountPropagation") not in (None, "None"):
        why = "may only be specified when mountPropagation is None or not specified"
        return [forbidden_field(field, why)]
    return []
