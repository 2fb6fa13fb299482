"""pods/log: what a container wrote, once or as it comes."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

from aiohttp import web

from minikube8s.api import errors, meta
from minikube8s.server import containers, query
from minikube8s.server.call import Call
from minikube8s.server.streaming import Outflow, opening

WRITE_DEADLINE = 600.0
"""Seconds that a reader may pause: `kubectl logs | less` is a reader that pauses."""


async def log(call: Call) -> web.StreamResponse:
    """Answer with a container's log as text."""
    options = log_options(call)
    pod = call.registry.get(call.resource, call.namespace, call.name).object
    container = containers.choose(pod, call.query.get("container", ""))
    node = containers.node_of(pod)
    containers.check_log(pod, container, previous=options.get("previous", False))
    task = asyncio.current_task()
    if task is None:
        raise RuntimeError("a handler runs in a task")
    with call.services.streams.open(task.cancel):
        pieces = await call.services.pod_streams.open_logs(
            node, call.namespace or "", call.name, container, options
        )
        async with (
            contextlib.aclosing(pieces),
            Outflow(call.request, opening("text/plain"), WRITE_DEADLINE) as out,
        ):
            async for piece in pieces:
                await out.write(piece)
        return out.response


def log_options(call: Call) -> dict[str, Any]:
    """Return the options of the request's query, only those given. Raises ApiError BadRequest."""
    given = call.query
    options: dict[str, Any] = {
        name: True for name in ("follow", "previous", "timestamps") if query.flag(given, name)
    }
    for name in ("tailLines", "sinceSeconds", "limitBytes"):
        number = query.integer(given, name)
        if number is not None:
            options[name] = number
    if options.get("limitBytes") == 0:
        raise errors.bad_request('limitBytes: Invalid value: "0": must be greater than 0')
    since = given.get("sinceTime", "")
    if since:
        if "sinceSeconds" in options:
            raise errors.bad_request(
                "at most one of `sinceTime` or `sinceSeconds` may be specified"
            )
        try:
            meta.parse_time(since)
        except ValueError as error:
            raise errors.bad_request(f'sinceTime: Invalid value: "{since}": {error}') from error
        options["sinceTime"] = since
    return options
