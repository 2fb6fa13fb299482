"""pods/proxy and services/proxy: HTTP to what runs in the cluster."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from functools import partial

from aiohttp import web

from minikube8s.api import errors
from minikube8s.api.errors import ApiError
from minikube8s.api.resources import PODS
from minikube8s.server import pages
from minikube8s.server.call import Call
from minikube8s.server.config import PodDialogue
from minikube8s.server.proxying import names, targets
from minikube8s.server.proxying.errors import Unreachable
from minikube8s.server.proxying.names import Place
from minikube8s.server.proxying.targets import Target


async def proxy(call: Call) -> web.StreamResponse:
    """Answer with what a pod or an endpoint of a service answers."""
    return await reach(call, _target(call))


async def reach(call: Call, target: Target) -> web.StreamResponse:
    """Answer with what a port of a pod or a node answers. Raises ApiError."""
    request = call.request
    place = names.place(request.raw_path, namespaced=call.resource.namespaced)
    if place is None:
        raise pages.nowhere()
    if not place.path and request.method in {"GET", "HEAD"}:
        # Or links relative to the page would lead one level too high.
        query = f"?{place.query}" if place.query else ""
        return web.Response(status=301, headers={"Location": f"{place.prefix}/{query}"})
    streams = call.services.pod_streams
    opening = partial(streams.open_connection, target.node, target.address, target.port)
    return await through(call, place, target, opening)


async def through(
    call: Call, place: Place, target: Target, opening: Callable[[], Awaitable[PodDialogue]]
) -> web.StreamResponse:
    """Answer with what is answered, at that place, by whom ``opening`` connects to.

    Raises ApiError.
    """
    request = call.request
    task = asyncio.current_task()
    if task is None:
        raise RuntimeError("a handler runs in a task")
    with call.services.streams.open(task.cancel):
        # The HTTP client is loaded with the first request that is proxied.
        from minikube8s.server.proxying import passing  # noqa: PLC0415

        try:
            async with contextlib.aclosing(await _connect(opening)) as dialogue:
                return await passing.pass_on(request, place, target, dialogue)
        except Unreachable as error:
            raise _unreachable(str(error)) from error


def _target(call: Call) -> Target:
    namespace = call.namespace or ""
    if call.resource is PODS:
        return targets.pod_target(call.registry, namespace, call.name)
    return targets.service_target(call.registry, namespace, call.name)


async def _connect(opening: Callable[[], Awaitable[PodDialogue]]) -> PodDialogue:
    try:
        return await opening()
    except ApiError as error:
        raise _unreachable(error.message) from error


def _unreachable(why: str) -> ApiError:
    return errors.unavailable(f"error trying to reach service: {why}")
