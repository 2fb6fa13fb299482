"""The rules of metadata: what the system sets, and what an update may not touch. Pure."""

from __future__ import annotations

from typing import Any

import msgspec

from minikube8s.api import errors
from minikube8s.api.quoting import quote
from minikube8s.api.resources import Resource

Object = dict[str, Any]

_SYSTEM_SET = (
    "uid",
    "resourceVersion",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "generation",
    "selfLink",
)
_FIXED = ("creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation")
_OMITTED_WHEN_EMPTY = ("labels", "annotations", "finalizers", "ownerReferences")
MODIFIED = (
    "the object has been modified; please apply your changes to the latest version and try again"
)


def without_nulls(value: Any) -> Any:
    """Return `value` without the members that are null: Kubernetes takes them for absent."""
    # called for every part of every write: what has no parts itself costs no call
    if isinstance(value, dict):
        return {
            name: without_nulls(part) if isinstance(part, dict | list) else part
            for name, part in value.items()
            if part is not None
        }
    if isinstance(value, list):
        return [without_nulls(part) if isinstance(part, dict | list) else part for part in value]
    return value


def written(obj: Object, subresource: str) -> Object:
    """Return what a write states, without its nulls.

    A write of the status states nothing else that counts: the rest is put back as it was.
    """
    if subresource != "status" or obj.get("status") is None:
        cleaned: Object = without_nulls(obj)
        return cleaned
    stated = ("metadata", "status")
    return {
        name: without_nulls(part) if name in stated else part
        for name, part in obj.items()
        if part is not None
    }


def private(obj: Object) -> Object:
    """Return a deep copy (through JSON, which is faster than copy.deepcopy)."""
    copy: Object = msgspec.json.decode(msgspec.json.encode(obj))
    return copy


def draft(resource: Resource, namespace: str | None, obj: Object) -> Object:
    """Return a private copy of `obj` without nulls, addressed to `namespace`.

    Raises ApiError 400 when its kind or namespace contradict the request, or it names a revision.
    """
    new: Object = without_nulls(obj)
    for field, expected in (("apiVersion", resource.api_version), ("kind", resource.kind)):
        if new.setdefault(field, expected) != expected:
            raise errors.bad_request(
                f"the object's {field} is {new[field]!r}, but {resource.group_resource} take"
                f" {expected!r}"
            )
    metadata = new["metadata"] = new.get("metadata") or {}
    if metadata.get("resourceVersion"):
        raise errors.bad_request("resourceVersion should not be set on objects to be created")
    if not resource.namespaced:
        metadata.pop("namespace", None)
    elif not namespace:
        raise errors.bad_request("an empty namespace may not be set during creation")
    elif (metadata.get("namespace") or namespace) != namespace:
        raise errors.bad_request(
            f"the namespace of the provided object ({metadata['namespace']}) does not match the"
            f" namespace sent on the request ({namespace})"
        )
    else:
        metadata["namespace"] = namespace
    return new


def check_new(resource: Resource, config: Object) -> None:
    """Raise ApiError 409 if a configuration is meant for an object that no longer exists."""
    metadata = config["metadata"]
    for field in ("uid", "resourceVersion"):
        if metadata.get(field):
            why = (
                f"{field} mismatch: the provided object specified {field} {metadata[field]}, and"
                " no existing object was found"
            )
            raise errors.conflict(resource, metadata["name"], why)


def begin_life(new: Object, uid: str, now: str) -> None:
    """Set what a new object gets from the system. `now` is RFC 3339."""
    metadata = new["metadata"]
    for field in _SYSTEM_SET:
        metadata.pop(field, None)
    metadata["uid"] = uid
    metadata["creationTimestamp"] = now
    drop_empty(metadata)


def begin_update(resource: Resource, new: Object, old: Object) -> None:
    """Hold an update to the rules of metadata: what is fixed is put back.

    Raises ApiError: 400 for another name, 409 for another uid or an older resourceVersion, 422
    for finalizers added during deletion.
    """
    metadata, before = new.setdefault("metadata", {}), old["metadata"]
    name = before["name"]
    for field in ("name", "namespace"):
        if metadata.get(field, before.get(field)) != before.get(field):
            raise errors.bad_request(
                f"the {field} of the object ({metadata[field]}) does not match the {field} on the"
                f" URL ({before.get(field, '')})"
            )
    if (metadata.get("uid") or before["uid"]) != before["uid"]:
        raise errors.conflict(resource, name, _uid_mismatch(metadata["uid"], before["uid"]))
    given = metadata.get("resourceVersion")
    if given and given != before["resourceVersion"]:
        raise errors.conflict(resource, name, MODIFIED)
    new["apiVersion"], new["kind"] = old["apiVersion"], old["kind"]
    metadata.pop("selfLink", None)
    for field in ("name", "namespace", "uid", "resourceVersion", *_FIXED):
        if field in before:
            metadata[field] = before[field]
        else:
            metadata.pop(field, None)
    drop_empty(metadata)
    _check_finalizers(resource, metadata, before)


def drop_empty(metadata: Object) -> None:
    """Leave out empty lists and maps, as Kubernetes' own encoding does."""
    for field in _OMITTED_WHEN_EMPTY:
        if field in metadata and not metadata[field]:
            del metadata[field]


def check_preconditions(resource: Resource, obj: Object, uid: str, resource_version: str) -> None:
    """Raise ApiError 409 unless `obj` has the given uid and resourceVersion ("": any)."""
    metadata = obj["metadata"]
    if uid and uid != metadata["uid"]:
        raise errors.precondition_failed(
            resource,
            metadata["name"],
            f"the UID in the precondition ({uid}) does not match the UID in record"
            f" ({metadata['uid']}). The object might have been deleted and then recreated",
        )
    if resource_version and resource_version != metadata["resourceVersion"]:
        raise errors.precondition_failed(
            resource,
            metadata["name"],
            f"the ResourceVersion in the precondition ({resource_version}) does not match the"
            f" ResourceVersion in record ({metadata['resourceVersion']}). The object might have"
            " been modified",
        )


def _uid_mismatch(given: str, actual: str) -> str:
    return f"Precondition failed: UID in precondition: {given}, UID in object meta: {actual}"


def _check_finalizers(resource: Resource, metadata: Object, before: Object) -> None:
    if not before.get("deletionTimestamp"):
        return
    added = sorted(set(metadata.get("finalizers", ())) - set(before.get("finalizers", ())))
    if added:
        why = (
            "no new finalizers can be added if the object is being deleted, found new finalizers "
            f"[]string{{{', '.join(quote(one) for one in added)}}}"
        )
        cause = errors.forbidden_field("metadata.finalizers", why)
        raise errors.invalid(resource, metadata["name"], [cause])
