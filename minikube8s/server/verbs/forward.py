"""pods/portforward: connections to ports of a pod."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from aiohttp import web

from minikube8s.server import containers
from minikube8s.server.call import Call
from minikube8s.server.config import PodDialogue
from minikube8s.server.streams import forwarding, options, upgrade
from minikube8s.server.streams.channels import Channels
from minikube8s.server.streams.connection import Connection
from minikube8s.server.streams.forwarding import ChannelForwarder, Open, SpdyForwarder
from minikube8s.server.streams.wires import WebSocketWire, Wire


async def forward(call: Call) -> web.StreamResponse:
    """Connect a client with ports of a pod until it leaves."""
    request = call.request
    if not (upgrade.is_websocket(request) or upgrade.is_spdy(request)):
        raise upgrade.refusal()
    task = asyncio.current_task()
    if task is None:
        raise RuntimeError("a handler runs in a task")
    open_port = _opener(call)
    with call.services.streams.open(task.cancel):
        if upgrade.is_spdy(request):
            answer, wire = await upgrade.spdy(request, forwarding.PROTOCOLS)
            await _over_spdy(wire, open_port)
            return answer
        if forwarding.TUNNELLED in upgrade.websocket_protocols(request):
            socket = await upgrade.websocket(request, (forwarding.TUNNELLED,))
            await _over_spdy(WebSocketWire(socket), open_port)
            return socket
        return await _over_channels(call, request.query.getall("ports", ()), open_port)


def _opener(call: Call) -> Open:
    """Return what opens a connection to a port of the pod. Raises ApiError without a node."""
    pod = call.registry.get(call.resource, call.namespace, call.name).object
    node = containers.node_of(pod)
    streams = call.services.pod_streams

    async def open_port(port: int) -> PodDialogue:
        return await streams.open_port_forward(node, call.namespace or "", call.name, port)

    return open_port


async def _over_spdy(wire: Wire, open_port: Open) -> None:
    async with Connection(wire) as connection:
        await SpdyForwarder(connection, open_port).run()


async def _over_channels(call: Call, given: Sequence[str], open_port: Open) -> web.StreamResponse:
    ports = options.ports(given)
    # kr8s names no protocol and means these channels, which is what Kubernetes takes it for.
    socket = await upgrade.websocket(call.request, forwarding.CHANNELS, unnamed=True)
    await ChannelForwarder(Channels(socket), ports, open_port).run()
    return socket
