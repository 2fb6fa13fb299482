"""Validation of volumes whose files come from the API: items of config, tokens, the pod itself."""

from __future__ import annotations

from collections.abc import Iterator

from minikube8s.api.errors import Cause, forbidden_field, invalid_value, required
from minikube8s.api.strategy.checks.common import Obj, local_path
from minikube8s.api.strategy.checks.environment import field_ref, resource_field

_FIELD_PATHS = (
    "metadata.annotations",
    "metadata.labels",
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
)
_SOURCES = (
    "secret",
    "configMap",
    "downwardAPI",
    "serviceAccountToken",
    "clusterTrustBundle",
    "podCertificate",
)
_SHORTEST, _LONGEST = 600, 2**32
_TWO_REFERENCES = "fieldRef and resourceFieldRef can not be specified simultaneously"


def check_items(field: str, source: Obj, *, pod: bool) -> list[Cause]:
    """Check `defaultMode` and `items`; `pod` tells that they are about the pod's own fields."""
    causes = _mode(f"{field}.defaultMode", source.get("defaultMode"))
    for position, item in enumerate(source.get("items") or ()):
        at, path = f"{field}.items[{position}]", item.get("path") or ""
        if not pod and not item.get("key"):
            causes.append(required(f"{at}.key"))
        causes += _path(f"{at}.path", path) if path else [required(f"{at}.path")]
        causes += _reference(at, item) if pod else []
        causes += _mode(f"{at}.mode", item.get("mode"))
    return causes


def check(field: str, volume: Obj) -> list[Cause]:
    """Check a projected volume: each source, and that no two write the same file."""
    causes = _mode(f"{field}.defaultMode", volume.get("defaultMode"))
    taken: set[str] = set()
    for position, source in enumerate(volume.get("sources") or ()):
        at = f"{field}.sources[{position}]"
        found = [name for name in _SOURCES if source.get(name) is not None]
        causes += [
            forbidden_field(f"{at}.{name}", "may not specify more than 1 volume type")
            for name in found[1:]
        ]
        for name in found[:1]:
            causes += _source(f"{at}.{name}", name, source[name])
            for path in _paths(source[name]):
                if path in taken:
                    named = source[name].get("name") or path
                    causes.append(invalid_value(field, named, "conflicting duplicate paths"))
                taken.add(path)
    return causes


def _source(at: str, name: str, source: Obj) -> list[Cause]:
    if name == "serviceAccountToken":
        return _token(at, source)
    if name not in ("secret", "configMap", "downwardAPI"):
        return []
    causes = [] if name == "downwardAPI" or source.get("name") else [required(f"{at}.name")]
    return causes + check_items(at, source, pod=name == "downwardAPI")


def _token(at: str, source: Obj) -> list[Cause]:
    seconds, path = source.get("expirationSeconds"), source.get("path") or ""
    causes: list[Cause] = []
    if seconds is not None and seconds < _SHORTEST:
        why = "may not specify a duration less than 10 minutes"
        causes.append(invalid_value(f"{at}.expirationSeconds", seconds, why))
    elif seconds is not None and seconds > _LONGEST:
        why = "may not specify a duration larger than 2^32 seconds"
        causes.append(invalid_value(f"{at}.expirationSeconds", seconds, why))
    return causes + (_path(f"{at}.path", path) if path else [required(f"{at}.path")])


def _paths(source: Obj) -> Iterator[str]:
    if source.get("path"):
        yield source["path"]
    for item in source.get("items") or ():
        if item.get("path"):
            yield item["path"]


def _reference(at: str, item: Obj) -> list[Cause]:
    if item.get("fieldRef") is not None:
        causes = field_ref(f"{at}.fieldRef", item["fieldRef"], _FIELD_PATHS)
        if item.get("resourceFieldRef") is not None:
            causes.append(invalid_value(at, "resource", _TWO_REFERENCES))
        return causes
    reference = item.get("resourceFieldRef")
    if reference is None:
        return [required(at, "one of fieldRef and resourceFieldRef is required")]
    at = f"{at}.resourceFieldRef"
    named = [] if reference.get("containerName") else [required(f"{at}.containerName")]
    return named + resource_field(at, reference)


def _path(field: str, path: str) -> list[Cause]:
    causes = local_path(field, path)
    if path.startswith("..") and not path.startswith("../"):
        # Such names are the mount's own, which swaps all files at once by them.
        causes.append(invalid_value(field, path, "must not start with '..'"))
    return causes


def _mode(field: str, mode: int | None) -> list[Cause]:
    if mode is None or 0 <= mode <= 0o777:
        return []
    why = "must be a number between 0 and 0777 (octal), both inclusive"
    return [invalid_value(field, mode, why)]
