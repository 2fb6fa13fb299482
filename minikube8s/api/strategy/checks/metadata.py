"""Validation of ObjectMeta."""

from __future__ import annotations

from collections.abc import Callable

from minikube8s.api import names
from minikube8s.api.errors import (
    Cause,
    forbidden_field,
    immutable,
    invalid_value,
    required,
    too_long,
)
from minikube8s.api.strategy.checks.common import Obj, labels, named

ANNOTATIONS_MAXIMUM = 256 * 1024
"""Bytes that all annotations of one object may have together."""

_ON_DELETION = ("orphan", "foregroundDeletion")
_IMMUTABLE = ("name", "namespace", "uid", "creationTimestamp")


def check(
    metadata: Obj, *, namespaced: bool, name_check: Callable[[str], list[str]]
) -> list[Cause]:
    """Check an object's metadata; `name_check` is the kind's rule for names."""
    causes: list[Cause] = []
    name, base = metadata.get("name") or "", metadata.get("generateName") or ""
    if base:
        # The dash before the generated suffix is no mistake.
        causes += named("metadata.generateName", base.removesuffix("-") or base, name_check)
    if name:
        causes += named("metadata.name", name, name_check)
    elif not base:
        causes.append(required("metadata.name", "name or generateName is required"))
    namespace = metadata.get("namespace")
    if namespaced:
        if namespace:
            causes += named("metadata.namespace", namespace, names.dns1123_label)
        else:
            causes.append(required("metadata.namespace"))
    elif namespace:
        causes.append(forbidden_field("metadata.namespace", "not allowed on this type"))
    causes += labels("metadata.labels", metadata.get("labels"))
    causes += check_annotations("metadata.annotations", metadata.get("annotations"))
    causes += _owners(metadata.get("ownerReferences") or [])
    return causes + _finalizers("metadata.finalizers", metadata.get("finalizers") or [])


def _finalizers(field: str, finalizers: list[str]) -> list[Cause]:
    causes: list[Cause] = []
    for finalizer in finalizers:
        causes += named(field, finalizer, names.qualified_name)
    if set(_ON_DELETION) <= set(finalizers):
        why = f"finalizer {_ON_DELETION[0]} and {_ON_DELETION[1]} cannot be both set"
        causes.append(invalid_value(field, finalizers, why))
    for position, finalizer in enumerate(finalizers):
        if "/" not in finalizer and finalizer not in (*_ON_DELETION, "kubernetes"):
            why = "name is neither a standard finalizer name nor is it fully qualified"
            causes.append(invalid_value(f"{field}[{position}]", finalizer, why))
    return causes


def check_template(field: str, metadata: Obj) -> list[Cause]:
    """Check the metadata of a pod template, which has no name."""
    return [
        *labels(f"{field}.labels", metadata.get("labels")),
        *check_annotations(f"{field}.annotations", metadata.get("annotations")),
    ]


def check_annotations(field: str, annotations: dict[str, str] | None) -> list[Cause]:
    """Check annotations' keys and their size together."""
    causes: list[Cause] = []
    size = 0
    for key, value in (annotations or {}).items():
        causes += named(field, key.lower(), names.qualified_name)
        size += len(key.encode()) + len(value.encode())
    if size > ANNOTATIONS_MAXIMUM:
        causes.append(too_long(field, ANNOTATIONS_MAXIMUM))
    return causes


def check_update(new: Obj, old: Obj) -> list[Cause]:
    """Check that an update leaves the object the same one."""
    return [
        immutable(f"metadata.{name}", new.get(name))
        for name in _IMMUTABLE
        if new.get(name) != old.get(name)
    ]


def _owners(references: list[Obj]) -> list[Cause]:
    causes: list[Cause] = []
    managers: list[str] = []
    for reference in references:
        for name in ("apiVersion", "kind", "name", "uid"):
            if not reference.get(name):
                causes.append(
                    invalid_value(
                        f"metadata.ownerReferences.{name}", "", f"{name} must not be empty"
                    )
                )
        if reference.get("controller"):
            managers.append(reference.get("name") or "")
    if len(managers) > 1:
        causes.append(
            invalid_value(
                "metadata.ownerReferences",
                references,
                "Only one reference can have Controller set to true. Found"
                f' "true" in references for {managers[0]} and {managers[1]}',
            )
        )
    return causes
