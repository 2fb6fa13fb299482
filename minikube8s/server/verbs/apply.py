"""Server-side apply: patch with a configuration, of objects, their status and their scale."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from minikube8s.server import bodies, configurations, offloading, responses
from minikube8s.server.bodies import Expected
from minikube8s.server.call import Call
from minikube8s.store.entry import Entry


async def apply(call: Call) -> web.StreamResponse:
    """Make the object what the body says where it says anything; create it if need be."""
    renderer = call.renderer()
    config = await read(call, bodies.expected(call.resource))
    await call.check_new(config)
    entry, created = await store(call, config)
    return responses.rendered(call, renderer.one(entry, call.now), 201 if created else 200)


async def read(call: Call, wanted: Expected) -> dict[str, Any]:
    """Return the configuration in the request's body. Raises ApiError."""
    validation = call.write_query().validation
    data = await call.body()
    config = await offloading.beside(
        len(data), lambda: configurations.read(data, wanted, validation, call.warnings)
    )
    bodies.check_identity(config, call.namespace, call.name)
    return config


async def store(call: Call, config: dict[str, Any]) -> tuple[Entry, bool]:
    """Apply a configuration; return the object as stored and whether it is new."""

    return await call.registry.apply(
        call.resource,
        call.namespace,
        call.name,
        config,
        call.subresource,
        call.write_options(),
        force=call.write_query().force,
        may_create=call.check_may_create,
    )
