"""create, update and patch, of objects and of those subresources that are parts of them."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from aiohttp import web

from minikube8s.api import errors, strategy
from minikube8s.api.errors import ApiError
from minikube8s.server import bodies, patches, responses
from minikube8s.server.call import Call
from minikube8s.server.verbs.apply import apply


async def create(call: Call) -> web.StreamResponse:
    """Store a new object and answer with it."""
    obj = await call.object(bodies.expected(call.resource))
    bodies.check_identity(obj, call.namespace, "")
    return await _created(call, obj)


async def _created(call: Call, obj: dict[str, Any]) -> web.StreamResponse:
    await call.check_new(obj)
    renderer, options = call.renderer(), call.write_options()
    entry = await call.registry.create(call.resource, call.namespace, obj, options)
    return responses.rendered(call, renderer.one(entry, call.now), 201)


async def update(call: Call) -> web.StreamResponse:
    """Replace an object, or the part of it that the subresource is, by the body."""
    obj = await call.object(bodies.expected(call.resource))
    bodies.check_identity(obj, call.namespace, call.name)

    metadata, hooks = obj["metadata"], strategy.for_resource(call.resource)
    conditional = bool(metadata.get("resourceVersion"))

    def change(_: dict[str, Any]) -> dict[str, Any]:
        if not conditional and not hooks.unconditional:
            cause = errors.invalid_value(
                "metadata.resourceVersion", 0, "must be specified for an update"
            )
            raise errors.invalid(call.resource, call.name, [cause])
        # A copy each time: what a change returns belongs to the registry, which may ask again.
        return copy.deepcopy(obj)

    try:
        return await _replace(call, change)
    except ApiError as error:
        known = conditional or metadata.get("uid") or call.subresource
        if error.reason != "NotFound" or known or not hooks.created_by_update:
            raise
    call.check_may_create()
    return await _created(call, {**obj, "metadata": {**metadata, "name": call.name}})


async def patch(call: Call) -> web.StreamResponse:
    """Change an object, or the part of it that the subresource is, as the body says."""
    if call.applies:
        return await apply(call)
    query = call.write_query()
    wanted = bodies.expected(call.resource)
    patched = await patches.reader(call, wanted.definition)
    warned = list(call.warnings)

    def change(current: dict[str, Any]) -> dict[str, Any]:
        new = patched(current)
        # Called again when another writer was faster: the warnings count once.
        call.warnings[:] = warned
        bodies.check_patched(new, current, wanted, query.validation, call.warnings)
        return new

    return await _replace(call, change)


async def _replace(
    call: Call, change: Callable[[dict[str, Any]], dict[str, Any]]
) -> web.StreamResponse:
    renderer, options = call.renderer(), call.write_options()
    entry = await call.registry.update(
        call.resource, call.namespace, call.name, change, call.subresource, options
    )
    return responses.rendered(call, renderer.one(entry, call.now))
