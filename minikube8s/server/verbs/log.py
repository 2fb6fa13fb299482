"""pods/log: what a container wrote, once or as it comes."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from typing import Any

from aiohttp import web

from minikube8s.api import errors, meta
from minikube8s.api.errors import Cause
from minikube8s.server import containers, query
from minikube8s.server.call import Call
from minikube8s.server.streaming import Outflow, opening

_STREAMS = ("All", "Stderr", "Stdout")
WRITE_DEADLINE = 600.0
"""Seconds that a reader may pause: `kubectl logs | less` is a reader that pauses."""


async def log(call: Call) -> web.StreamResponse:
    """Answer with a container's log as text."""
    options = log_options(call, call.name or "")
    pod = call.registry.get(call.resource, call.namespace, call.name).object
    container = containers.choose(pod, call.query.get("container", ""))
    node = containers.node_of(pod)
    return await send(call, node, pod, container, options)


async def send(
    call: Call, node: str, pod: dict[str, Any], container: str, options: dict[str, Any]
) -> web.StreamResponse:
    """Answer with the log of a pod's container. Raises ApiError where there is none yet."""
    metadata = pod["metadata"]
    containers.check_log(pod, container, previous=options.get("previous", False))
    task = asyncio.current_task()
    if task is None:
        raise RuntimeError("a handler runs in a task")
    with call.services.streams.open(task.cancel):
        pieces = await call.services.pod_streams.open_logs(
            node, metadata["namespace"], metadata["name"], container, options
        )
        async with (
            contextlib.aclosing(pieces),
            Outflow(call.request, opening("text/plain"), WRITE_DEADLINE) as out,
        ):
            async for piece in pieces:
                await out.write(piece)
        return out.response


def log_options(call: Call, pod: str) -> dict[str, Any]:
    """Return the options of the request's query, only those given. Raises ApiError."""
    given = call.query
    options: dict[str, Any] = {
        name: True for name in ("follow", "previous", "timestamps") if query.flag(given, name)
    }
    for name in ("tailLines", "sinceSeconds", "limitBytes"):
        number = query.integer(given, name)
        if number is not None:
            options[name] = number
    for name in ("sinceTime", "stream"):
        if text := given.get(name, ""):
            options[name] = text
    if causes := list(_faults(options)):
        raise errors.invalid_parameters("PodLogOptions", pod, causes)
    return options


def _faults(options: dict[str, Any]) -> Iterator[Cause]:
    if options.get("limitBytes") == 0:
        yield errors.invalid_value("limitBytes", 0, "must be greater than 0")
    if "sinceTime" in options and "sinceSeconds" in options:
        why = "at most one of `sinceTime` or `sinceSeconds` may be specified"
        yield errors.forbidden_field("", why)
    elif options.get("sinceSeconds") == 0:
        yield errors.invalid_value("sinceSeconds", 0, "must be greater than 0")
    elif since := options.get("sinceTime"):
        try:
            meta.parse_time(since)
        except ValueError as error:
            yield errors.invalid_value("sinceTime", since, str(error))
    stream = options.get("stream", "All")
    if stream not in _STREAMS:
        yield errors.unsupported("stream", stream, _STREAMS)
    elif stream != "All" and "tailLines" in options:
        why = "`tailLines` and specific `stream` are mutually exclusive for now"
        yield errors.forbidden_field("", why)
