"""The bytes between the API server and what is proxied to: plain, or in TLS.

Owns TLS over a node's tunnel. Certificates are not verified: pods have none that could be known.
"""

from __future__ import annotations

import asyncio
import ssl

from minikube8s.api.errors import ApiError
from minikube8s.server.config import PodDialogue
from minikube8s.server.streams.wires import Wire

_BLOCK = 64 * 1024


class TunnelWire:
    """A connection that a node's agent made."""

    def __init__(self, dialogue: PodDialogue) -> None:
        self._dialogue = dialogue

    async def read(self) -> bytes:
        """Return what came next, b"" at the end. Raises ConnectionError."""
        try:
            piece = await self._dialogue.receive()
        except ApiError as error:
            raise ConnectionResetError(error.message) from error
        if piece is not None:
            return piece.data
        if self._dialogue.status.get("status") == "Failure":
            raise ConnectionResetError(str(self._dialogue.status.get("message", "")))
        return b""

    async def write(self, data: bytes) -> None:
        """Send bytes; wait while the other side does not read. Raises ConnectionError."""
        try:
            await self._dialogue.write(data)
        except ApiError as error:
            raise ConnectionResetError(error.message) from error


class TlsWire:
    """The same in TLS. One task may read and one may write."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        context.set_alpn_protocols(["http/1.1"])
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing)
        self._flushing = asyncio.Lock()

    async def handshake(self) -> None:
        """Begin. Raises ConnectionError when the other side speaks no TLS."""
        while True:
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                await self._flush()
                if not await self._fill():
                    raise ConnectionResetError("EOF") from None
            except ssl.SSLError as error:
                raise ConnectionResetError(f"tls: {error.reason or error}") from error
            else:
                return await self._flush()

    async def read(self) -> bytes:
        """Return what came next, b"" at the end. Raises ConnectionError."""
        while True:
            try:
                return self._tls.read(_BLOCK)
            except ssl.SSLWantReadError:
                await self._flush()
                if not await self._fill():
                    return b""
            except ssl.SSLZeroReturnError:
                return b""
            except ssl.SSLError as error:
                raise ConnectionResetError(f"tls: {error.reason or error}") from error

    async def write(self, data: bytes) -> None:
        """Send bytes; wait while the other side does not read. Raises ConnectionError."""
        self._tls.write(data)
        await self._flush()

    async def _fill(self) -> bool:
        data = await self._wire.read()
        self._incoming.write(data)
        return bool(data)

    async def _flush(self) -> None:
        # Records must leave in the order in which they were made, whichever task made them.
        async with self._flushing:
            if data := self._outgoing.read():
                await self._wire.write(data)
