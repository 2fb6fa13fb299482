"""A request on its way to what is proxied to, and the answer on its way back.

Owns what happens to bodies: they flow, in pieces, as fast as the slower side reads. Loaded with the
first request that is proxied.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from http import HTTPStatus

from aiohttp import web
from multidict import CIMultiDict

from minikube8s.server.config import PodDialogue
from minikube8s.server.proxying import headers
from minikube8s.server.proxying.errors import Unreachable
from minikube8s.server.proxying.exchange import Exchange, Head
from minikube8s.server.proxying.headers import Client
from minikube8s.server.proxying.links import Links
from minikube8s.server.proxying.names import Place
from minikube8s.server.proxying.pages import is_page, rewritten
from minikube8s.server.proxying.targets import Target
from minikube8s.server.proxying.wires import TlsWire, TunnelWire
from minikube8s.server.streaming import Outflow
from minikube8s.server.streams.wires import RawWire, Upgraded, Wire

WRITE_DEADLINE = 600.0
"""Seconds that a client may leave unread what it was sent: people pause downloads."""
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


async def pass_on(
    request: web.BaseRequest, place: Place, target: Target, dialogue: PodDialogue
) -> web.StreamResponse:
    """Send a request on, over a connection to the target, and answer with what comes back.

    Raises Unreachable as long as nothing was answered.
    """
    wire = await _wire(dialogue, target)
    client = _client(request)
    wanted = headers.forwarded(request.headers.items(), client, place)
    exchange = Exchange(wire, request.method)
    await exchange.send(place.target, wanted + _framing(request))
    feeding = asyncio.create_task(exchange.feed(_body(request)), name="server/proxy input")
    try:
        head = await exchange.head()
        if head.code == HTTPStatus.SWITCHING_PROTOCOLS:
            return await _switched(request, head, wire, exchange.early, client)
        links = Links(place.prefix, (target.host, request.host))
        return await _answer(request, exchange, head, links)
    finally:
        feeding.cancel()
        await asyncio.wait([feeding])


async def _wire(dialogue: PodDialogue, target: Target) -> Wire:
    wire = TunnelWire(dialogue)
    if target.scheme == "http":
        return wire
    secured = TlsWire(wire)
    try:
        await secured.handshake()
    except ConnectionError as error:
        raise Unreachable(str(error)) from error
    return secured


def _client(request: web.BaseRequest) -> Client:
    wants = [one.strip().lower() for one in request.headers.get("Connection", "").split(",")]
    upgrade = request.headers.get("Upgrade", "") if "upgrade" in wants else ""
    return Client(request.remote or "", request.host, upgrade)


def _framing(request: web.BaseRequest) -> list[tuple[str, str]]:
    """Return the header that says how long the body is that goes on."""
    if not request.body_exists:
        return []
    if request.content_length is None:
        return [("Transfer-Encoding", "chunked")]
    return [("Content-Length", str(request.content_length))]


async def _body(request: web.BaseRequest) -> AsyncIterator[bytes]:
    if not request.body_exists:
        return
    if request.headers.get("Expect", "").lower() == "100-continue" and request.transport:
        request.transport.write(CONTINUE)
    while piece := await request.content.readany():
        yield piece


async def _answer(
    request: web.BaseRequest, exchange: Exchange, head: Head, links: Links
) -> web.StreamResponse:
    """Hand on an answer as it comes."""
    kept = headers.answered(head.headers)
    encoding = headers.value_of(kept, "content-encoding")
    body = exchange.body()
    location = headers.value_of(kept, "location")
    if location:
        kept = [(n, links.rewrite(v) if n.lower() == "location" else v) for n, v in kept]
    elif request.method != "HEAD" and is_page(headers.value_of(kept, "content-type"), encoding):
        kept = [(name, value) for name, value in kept if name.lower() != "content-length"]
        body = rewritten(body, encoding, links)
    response = web.StreamResponse(status=head.code, reason=head.reason, headers=CIMultiDict(kept))
    async with Outflow(request, response, WRITE_DEADLINE) as out:
        async for piece in body:
            await out.write(piece)
    return out.response


async def _switched(
    request: web.BaseRequest, head: Head, wire: Wire, early: bytes, client: Client
) -> web.StreamResponse:
    """Hand over the raw bytes of both connections to each other until one ends."""
    kept = [(n, v) for n, v in headers.answered(head.headers) if n.lower() != "content-length"]
    answer = Upgraded(CIMultiDict([*kept, ("Upgrade", client.upgrade)]))
    ours = RawWire(request)
    await ours.take_over(answer)
    with contextlib.suppress(ConnectionError):
        if early:
            await ours.write(early)
        await _until_one_ends(ours, wire)
    return answer


async def _until_one_ends(ours: Wire, theirs: Wire) -> None:
    tasks = {
        asyncio.create_task(_pump(ours, theirs), name="server/proxy up"),
        asyncio.create_task(_pump(theirs, ours), name="server/proxy down"),
    }
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
    for task in tasks:
        if not task.cancelled() and (error := task.exception()) is not None:
            raise error


async def _pump(source: Wire, sink: Wire) -> None:
    while data := await source.read():
        await sink.write(data)
