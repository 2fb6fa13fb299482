"""pods/exec and pods/attach: a conversation with a process in a container."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from aiohttp import web

from minikube8s.server import containers
from minikube8s.server.call import Call
from minikube8s.server.config import PodDialogue
from minikube8s.server.streams import channels, options, spdy_client, upgrade
from minikube8s.server.streams.channels import ChannelClient
from minikube8s.server.streams.connection import Connection
from minikube8s.server.streams.relay import relay
from minikube8s.server.streams.spdy_client import SpdyClient

log = logging.getLogger("server")


async def execute(call: Call) -> web.StreamResponse:
    """Run a command in a container and connect its client with it."""
    wanted = options.exec_options(call.query, call.request.query.getall("command", ()))
    return await _serve(call, wanted)


async def attach(call: Call) -> web.StreamResponse:
    """Connect a client with a container's own process."""
    return await _serve(call, options.attach_options(call.query))


async def _serve(call: Call, wanted: dict[str, Any]) -> web.StreamResponse:
    request = call.request
    if not (upgrade.is_websocket(request) or upgrade.is_spdy(request)):
        raise upgrade.refusal()
    with call.services.streams.open(_this_task().cancel):
        dialogue = await _open(call, wanted)
        try:
            if upgrade.is_websocket(request):
                return await _over_websocket(call, wanted, dialogue)
            return await _over_spdy(call, wanted, dialogue)
        finally:
            await dialogue.aclose()


async def _open(call: Call, wanted: dict[str, Any]) -> PodDialogue:
    """Begin on the node, so that what cannot work is refused before the upgrade."""
    pod = call.registry.get(call.resource, call.namespace, call.name).object
    container = containers.choose(pod, call.query.get("container", ""))
    node = containers.node_of(pod)
    streams = call.services.pod_streams
    begin = streams.open_exec if "command" in wanted else streams.open_attach
    return await begin(node, call.namespace or "", call.name, container, wanted)


async def _over_websocket(
    call: Call, wanted: dict[str, Any], dialogue: PodDialogue
) -> web.StreamResponse:
    socket = await upgrade.websocket(call.request, channels.PROTOCOLS)
    client = ChannelClient(socket)
    await client.greet(wanted)
    await relay(client, dialogue)
    return socket


async def _over_spdy(
    call: Call, wanted: dict[str, Any], dialogue: PodDialogue
) -> web.StreamResponse:
    answer, wire = await upgrade.spdy(call.request, spdy_client.PROTOCOLS)
    async with Connection(wire) as connection:
        try:
            client = await SpdyClient.of(connection, wanted)
        except (ConnectionError, TimeoutError) as error:
            log.debug("a client did not open its streams: %s", error)
        else:
            await relay(client, dialogue)
    return answer


def _this_task() -> asyncio.Task[Any]:
    task = asyncio.current_task()
    if task is None:
        raise RuntimeError("a handler runs in a task")
    return task
