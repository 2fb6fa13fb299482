"""Answers that are written piece by piece: watches, logs, what is proxied.

Owns what keeps them honest: a client that does not read is disconnected, and a fault in the middle
breaks the connection, because by then it is too late for a Status.
"""

from __future__ import annotations

import asyncio
import logging
from types import TracebackType

from aiohttp import web

from minikube8s.api.errors import ApiError

log = logging.getLogger("server")

SMALL = 16 * 1024
"""Bytes that a connection takes without waiting when it holds none."""


def opening(content_type: str) -> web.StreamResponse:
    """Return how an answer of the server's own begins."""
    return web.StreamResponse(
        headers={"Content-Type": content_type, "Cache-Control": "no-cache, private"}
    )


class Outflow:
    """The body of one answer. Entering sends the headers; a fault inside hangs up."""

    def __init__(
        self, request: web.BaseRequest, response: web.StreamResponse, write_deadline: float
    ) -> None:
        """`write_deadline`: seconds that the client may leave what it was sent unread."""
        self._request = request
        self._write_deadline = write_deadline
        self.response = response

    async def __aenter__(self) -> Outflow:
        await self.response.prepare(self._request)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if not isinstance(fault, Exception) or isinstance(fault, ConnectionError):
            return
        if isinstance(fault, ApiError):
            log.warning("%s was broken off: %s", self._request.path, fault.message)
        else:
            log.error("%s was broken off", self._request.path, exc_info=fault)
        self._hang_up()
        raise ConnectionResetError("the answer was broken off") from fault

    async def write(self, data: bytes) -> None:
        """Send bytes. Raises ConnectionError when the client is gone or does not read."""
        transport = self._request.transport
        if transport is not None and len(data) < SMALL and not transport.get_write_buffer_size():
            # All that was sent before has been read: this little waits for nobody.
            await self.response.write(data)
            return
        try:
            async with asyncio.timeout(self._write_deadline):
                await self.response.write(data)
        except TimeoutError:
            self._hang_up()
            raise ConnectionResetError("the client does not read its answer") from None

    def _hang_up(self) -> None:
        if self._request.transport is not None:
            self._request.transport.abort()
