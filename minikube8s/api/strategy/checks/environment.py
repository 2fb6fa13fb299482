"""Validation of a container's environment."""

from __future__ import annotations

import re

from minikube8s.api import names
from minikube8s.api.errors import Cause, invalid_value, required, unsupported
from minikube8s.api.strategy.checks.common import Obj, named, needed_name

FIELD_PATHS = (
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
)
"""Fields of the pod that a variable may take its value from, besides single labels' values."""

RESOURCE_FIELDS = (
    "limits.cpu",
    "limits.ephemeral-storage",
    "limits.memory",
    "requests.cpu",
    "requests.ephemeral-storage",
    "requests.memory",
)

_SUBSCRIPT = re.compile(r"metadata\.(labels|annotations)\['(.+)'\]")
_SOURCES = ("configMapKeyRef", "fieldRef", "fileKeyRef", "resourceFieldRef", "secretKeyRef")
_ONE_SOURCE = "may not have more than one field specified at a time"


def check(at: str, container: Obj) -> list[Cause]:
    """Check `env` and `envFrom` of the container at the path `at`."""
    causes: list[Cause] = []
    for position, variable in enumerate(container.get("env") or ()):
        field = f"{at}.env[{position}]"
        causes += needed_name(f"{field}.name", variable.get("name"), names.environment_name)
        source = variable.get("valueFrom")
        if source is not None:
            causes += _value_from(f"{field}.valueFrom", source, variable.get("value") or "")
    for position, source in enumerate(container.get("envFrom") or ()):
        causes += _env_from(f"{at}.envFrom[{position}]", source)
    return causes


def _value_from(field: str, source: Obj, value: str) -> list[Cause]:
    causes: list[Cause] = []
    found = [name for name in _SOURCES if source.get(name) is not None]
    if not found:
        why = (
            "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, "
            "`secretKeyRef` or `fileKeyRef`"
        )
        return [invalid_value(field, "", why)]
    if value:
        causes.append(invalid_value(field, "", "may not be specified when `value` is not empty"))
    if len(found) > 1:
        causes.append(invalid_value(field, "", _ONE_SOURCE))
    for name in found:
        at, part = f"{field}.{name}", source[name]
        if name == "fieldRef":
            causes += field_ref(at, part, FIELD_PATHS)
        elif name == "resourceFieldRef":
            causes += resource_field(at, part)
        elif name in ("configMapKeyRef", "secretKeyRef"):
            causes += [] if part.get("name") else [required(f"{at}.name")]
            causes += needed_name(f"{at}.key", part.get("key"), names.config_key)
    return causes


def field_ref(field: str, part: Obj, paths: tuple[str, ...]) -> list[Cause]:
    """Check a reference to one of these fields of the pod, or to one label or annotation."""
    path = part.get("fieldPath")
    if not path:
        return [required(f"{field}.fieldPath")]
    subscript = _SUBSCRIPT.fullmatch(path)
    if subscript:
        return named(f"{field}.fieldPath", subscript[2], names.qualified_name)
    if path in paths:
        return []
    if path in FIELD_PATHS or path in ("metadata.labels", "metadata.annotations"):
        return [unsupported(f"{field}.fieldPath", path, paths)]
    why = f"error converting fieldPath: field label not supported: {path}"
    return [invalid_value(f"{field}.fieldPath", path, why)]


def resource_field(field: str, part: Obj) -> list[Cause]:
    """Check a reference to a request or limit of a container."""
    resource = part.get("resource")
    if not resource:
        return [required(f"{field}.resource")]
    if resource in RESOURCE_FIELDS or ".hugepages-" in resource:
        return []
    return [unsupported(f"{field}.resource", resource, RESOURCE_FIELDS)]


def _env_from(field: str, source: Obj) -> list[Cause]:
    causes: list[Cause] = []
    prefix = source.get("prefix")
    if prefix:
        causes += named(f"{field}.prefix", prefix, names.environment_name)
    found = [name for name in ("configMapRef", "secretRef") if source.get(name) is not None]
    if not found:
        causes.append(
            invalid_value(field, "", "must specify one of: `configMapRef` or `secretRef`")
        )
    if len(found) > 1:
        causes.append(invalid_value(field, "", _ONE_SOURCE))
    causes += [required(f"{field}.{name}.name") for name in found if not source[name].get("name")]
    return causes
