"""delete and deletecollection."""

from __future__ import annotations

from typing import Any

import msgspec
from aiohttp import web

from minikube8s.api import errors
from minikube8s.api.errors import Cause
from minikube8s.api.resources import PODS
from minikube8s.registry import DeleteOptions
from minikube8s.registry.options import Propagation
from minikube8s.server import documents, lists, offloading, query, responses
from minikube8s.server.call import Call
from minikube8s.server.documents import Undecodable
from minikube8s.server.list_query import list_query
from minikube8s.server.rendering import ListMeta
from minikube8s.server.selection import Selection

_POLICIES: dict[str, Propagation] = {
    "Foreground": "Foreground",
    "Background": "Background",
    "Orphan": "Orphan",
}


class _Preconditions(msgspec.Struct, rename="camel"):
    uid: str | None = None
    resource_version: str | None = None


class _Body(msgspec.Struct, rename="camel"):
    """DeleteOptions as clients send them; whatever else they hold is not acted on."""

    kind: str = "DeleteOptions"
    grace_period_seconds: int | None = None
    propagation_policy: str | None = None
    orphan_dependents: bool | None = None
    preconditions: _Preconditions | None = None
    dry_run: list[str] | None = None


async def delete(call: Call) -> web.StreamResponse:
    """Delete an object: answer with it when it lingers or its kind does so anyway, or a Status."""
    renderer, options = call.renderer(), await delete_options(call)
    if call.resource is PODS:
        options = call.checked_end(options)
    entry, gone = await call.registry.delete(call.resource, call.namespace, call.name, options)
    if gone and not call.resource.returns_deleted:
        return responses.stated(call, responses.success(call, {"uid": entry.uid}))
    return responses.rendered(call, renderer.one(entry, call.now))


async def delete_collection(call: Call) -> web.StreamResponse:
    """Delete the objects that the selectors mean and answer with their list."""
    renderer, options = call.renderer(), await delete_options(call)
    wanted = list_query(call.query)
    selection = Selection(call.resource, wanted.labels, wanted.fields)
    deleted = await call.registry.delete_collection(
        call.resource, call.namespace, selection.matches, options
    )
    meta = ListMeta(call.registry.revision)
    return await lists.answered(call, renderer, deleted, meta)


async def delete_options(call: Call) -> DeleteOptions:
    """Return the options in the body or, without one, in the query.

    Raises ApiError: BadRequest for what cannot be read, Invalid for what makes no sense.
    """
    data = await call.body()
    decode = _decode if data else _from_query
    body = await offloading.beside(len(data), lambda: decode(call, data))
    causes = _faults(body)
    if causes:
        raise errors.invalid_options("DeleteOptions", causes)
    propagation = _POLICIES.get(body.propagation_policy or "")
    if body.orphan_dependents is not None:
        propagation = "Orphan" if body.orphan_dependents else "Background"
    if body.grace_period_seconds is not None and body.grace_period_seconds < 0:
        # As in Kubernetes: a negative period asks for the shortest one that is not a force.
        body.grace_period_seconds = 1
    preconditions = body.preconditions or _Preconditions()
    return DeleteOptions(
        grace_period_seconds=body.grace_period_seconds,
        propagation=propagation,
        uid=preconditions.uid or "",
        resource_version=preconditions.resource_version or "",
        dry_run=bool(body.dry_run) or query.dry_run(call.query),
    )


def _faults(body: _Body) -> list[Cause]:
    policy, causes = body.propagation_policy, []
    if policy is not None and body.orphan_dependents is not None:
        why = "orphanDependents and deletionPropagation cannot be both set"
        causes.append(errors.invalid_value("propagationPolicy", policy, why))
    if policy is not None and policy not in _POLICIES:
        causes.append(errors.unsupported("propagationPolicy", policy, [*_POLICIES, "nil"]))
    if any(word != "All" for word in body.dry_run or ()):
        causes.append(errors.unsupported("dryRun", body.dry_run, ["All"]))
    return causes


def _decode(call: Call, data: bytes) -> _Body:
    encoding = call.encoding()
    try:
        value: Any = documents.decode(data, encoding, find_duplicates=False).value
        body = msgspec.convert(value, _Body)
    except (Undecodable, msgspec.ValidationError) as error:
        raise errors.bad_request(f"the DeleteOptions cannot be read: {error}") from error
    if body.kind != "DeleteOptions":
        raise errors.bad_request(
            f"the kind in the data ({body.kind}) does not match the expected kind (DeleteOptions)"
        )
    return body


def _from_query(call: Call, _: bytes) -> _Body:
    raw: dict[str, Any] = {}
    seconds = query.integer(call.query, "gracePeriodSeconds")
    if seconds is not None:
        raw["gracePeriodSeconds"] = seconds
    if call.query.get("propagationPolicy"):
        raw["propagationPolicy"] = call.query["propagationPolicy"]
    if "orphanDependents" in call.query:
        raw["orphanDependents"] = query.flag(call.query, "orphanDependents")
    try:
        return msgspec.convert(raw, _Body)
    except msgspec.ValidationError as error:
        raise errors.bad_request(f"the delete options in the query: {error}") from error
