"""One HTTP request to what is proxied to, and its answer: h11 over a wire.

Owns that end of HTTP/1.1. A connection is used once. Loaded with the first request that is proxied.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import NamedTuple

import h11

from minikube8s.server.proxying.errors import Unreachable
from minikube8s.server.proxying.headers import Pairs
from minikube8s.server.streams.wires import Wire

MAX_HEAD = 64 * 1024
IDLE_SECONDS = 4 * 3600.0
"""How long the other side may be silent."""


class Head(NamedTuple):
    """How an answer begins. With code 101 the connection has left HTTP."""

    code: int
    reason: str
    headers: Pairs


class Exchange:
    """A request on a fresh connection."""

    def __init__(self, wire: Wire, method: str) -> None:
        self._wire = wire
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=MAX_HEAD)
        self._method = method
        self._over = False

    async def send(self, target: str, headers: Pairs) -> None:
        """Send the head of the request. Raises Unreachable."""
        try:
            head = h11.Request(
                method=self._method,
                target=target.encode(),
                headers=[(name.encode(), _bytes(value)) for name, value in headers],
            )
            await self._write(head)
        except (ConnectionError, h11.LocalProtocolError) as error:
            raise Unreachable(str(error)) from error

    async def feed(self, body: AsyncIterator[bytes]) -> None:
        """Send the request's body. Who does not want it answers without: that is no fault."""
        with contextlib.suppress(ConnectionError, h11.LocalProtocolError):
            async for piece in body:
                await self._write(h11.Data(data=piece))
            await self._write(h11.EndOfMessage())

    async def head(self) -> Head:
        """Return how the answer begins. Raises Unreachable."""
        try:
            while True:
                event = await self._event()
                match event:
                    case h11.InformationalResponse(status_code=HTTPStatus.SWITCHING_PROTOCOLS):
                        return _head(event)
                    case h11.Response():
                        return _head(event)
                    case h11.ConnectionClosed():
                        raise Unreachable("EOF")
        except ConnectionError as error:
            raise Unreachable(str(error)) from error
        except h11.RemoteProtocolError as error:
            why = "EOF" if self._over else f"malformed HTTP response: {error}"
            raise Unreachable(why) from error

    async def body(self) -> AsyncIterator[bytes]:
        """Yield the answer's body. Raises ConnectionError when it breaks off."""
        try:
            while True:
                match await self._event():
                    case h11.Data(data=data):
                        yield bytes(data)
                    case h11.EndOfMessage():
                        return
        except h11.RemoteProtocolError as error:
            raise ConnectionResetError(str(error)) from error

    @property
    def early(self) -> bytes:
        """What came behind the head of an answer 101."""
        return self._http.trailing_data[0]

    async def _write(self, event: h11.Event) -> None:
        if data := self._http.send(event):
            await self._wire.write(data)

    async def _event(self) -> h11.Event:
        while True:
            event = self._http.next_event()
            if isinstance(event, h11.Event):
                return event
            if event is h11.PAUSED:
                raise ConnectionResetError("the other side left HTTP unasked")
            async with asyncio.timeout(IDLE_SECONDS):
                data = await self._wire.read()
            self._over = not data
            self._http.receive_data(data)


def _head(event: h11.Response | h11.InformationalResponse) -> Head:
    headers = [
        (name.decode("latin-1"), value.decode("utf-8", "surrogateescape"))
        for name, value in event.headers.raw_items()
    ]
    return Head(event.status_code, event.reason.decode("latin-1"), headers)


def _bytes(value: str) -> bytes:
    return value.encode("utf-8", "surrogateescape")
