"""HTTP/1.1 to a container engine: one connection a call, over a Unix socket or TCP.

Owns the wire: addresses, framing, deadlines. It knows no path of Docker's API. A general client
library would cost the agent a quarter of its memory and a tenth of a second of every start; an
engine speaks a small, orderly part of HTTP.
"""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from mk8s_agent.httpanswers import Response, read_head
from mk8s_agent.runtime.errors import EngineUnavailable

DEFAULT_HOST = "unix:///var/run/docker.sock"
_CONNECT_SECONDS = 5.0
_LINE_LIMIT = 1 << 20
_BROKEN = (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError)


@dataclass(frozen=True, slots=True)
class Hijacked:
    """A connection that is no longer HTTP: the two ends of a stream of bytes."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter


class HttpClient:
    """Calls one engine.

    `host` is written as in DOCKER_HOST: `unix:///path`, `tcp://address:port`.
    """

    def __init__(self, host: str) -> None:
        self.host = host
        parts = urlsplit(host)
        if parts.scheme == "unix" and parts.path:
            self._path, self._address, self._port = parts.path, "", 0
        elif parts.scheme in ("tcp", "http", "https") and parts.hostname:
            self._path, self._address, self._port = "", parts.hostname, parts.port or 2375
        else:
            raise ValueError(
                f"DOCKER_HOST {host!r} is not understood: "
                "write unix:///path/to/docker.sock or tcp://address:port"
            )
        self._tls = _tls_context(parts.scheme) if self._address else None

    @asynccontextmanager
    async def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: bytes | None = None,
        content_type: str = "application/json",
        headers: Mapping[str, str] | None = None,
        seconds: float,
    ) -> AsyncIterator[Response]:
        """Send a request; the head must be there within `seconds`. Raises EngineUnavailable.

        What the caller reads of the body inside the block has no deadline here: only the caller
        knows whether silence means trouble. A connection that breaks inside the block is
        EngineUnavailable too.
        """
        target = f"{path}?{urlencode(query)}" if query else path
        writer: asyncio.StreamWriter | None = None
        try:
            with self._faults(f"{method} {path}"):
                async with asyncio.timeout(seconds):
                    reader, writer = await self.connect()
                    writer.write(self._head(method, target, body, content_type, headers=headers))
                    if body:
                        writer.write(body)
                    await writer.drain()
                    response = await read_head(reader)
                yield response
        finally:
            if writer is not None:
                writer.close()

    @asynccontextmanager
    async def upgrade(
        self, path: str, *, query: Mapping[str, str] | None, body: bytes | None, seconds: float
    ) -> AsyncIterator[Response | Hijacked]:
        """POST for a raw connection; the engine's refusal is the Response.

        Raises EngineUnavailable when the connection cannot be made within `seconds`.
        """
        target = f"{path}?{urlencode(query)}" if query else path
        writer: asyncio.StreamWriter | None = None
        try:
            with self._faults(f"POST {path}"):
                async with asyncio.timeout(seconds):
                    reader, writer = await self.connect()
                    head = self._head("POST", target, body, "application/json", "Upgrade")
                    writer.write(head + (body or b""))
                    await writer.drain()
                    response = await read_head(reader)
            # Old engines answer 200 to what newer ones answer 101 to.
            yield response if response.status >= 300 else Hijacked(reader, writer)
        finally:
            if writer is not None:
                writer.close()

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection of its own. Raises OSError, TimeoutError."""
        async with asyncio.timeout(_CONNECT_SECONDS):
            if self._path:
                return await asyncio.open_unix_connection(self._path, limit=_LINE_LIMIT)
            return await asyncio.open_connection(
                self._address, self._port, ssl=self._tls, limit=_LINE_LIMIT
            )

    @contextmanager
    def _faults(self, asked: str) -> Iterator[None]:
        """Raise what goes wrong with a connection, or takes too long, as EngineUnavailable."""
        try:
            yield
        except TimeoutError as error:
            raise EngineUnavailable(
                f"The container engine at {self.host} did not answer {asked} in time."
            ) from error
        except _BROKEN as error:
            raise EngineUnavailable(
                f"The container engine at {self.host} does not answer ({_reason(error)}): "
                "is it running?"
            ) from error

    def _head(
        self,
        method: str,
        target: str,
        body: bytes | None,
        content_type: str,
        connection: str = "close",
        headers: Mapping[str, str] | None = None,
    ) -> bytes:
        host = f"{self._address}:{self._port}" if self._address else "docker"
        lines = [f"{method} {target} HTTP/1.1", f"Host: {host}", f"Connection: {connection}"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        if connection == "Upgrade":
            lines.append("Upgrade: tcp")
        if body is not None:
            lines += [f"Content-Type: {content_type}", f"Content-Length: {len(body)}"]
        elif method == "POST":
            lines.append("Content-Length: 0")
        return ("\r\n".join(lines) + "\r\n\r\n").encode()


def _reason(error: Exception) -> str:
    if isinstance(error, asyncio.IncompleteReadError):
        return "the connection closed in the middle"
    return (error.strerror or str(error)) if isinstance(error, OSError) else str(error)


def _tls_context(scheme: str) -> ssl.SSLContext | None:
    """Docker's own variables.

    With DOCKER_TLS_VERIFY the certificates of DOCKER_CERT_PATH are used.
    """
    if not os.environ.get("DOCKER_TLS_VERIFY") and scheme != "https":
        return None
    folder = Path(os.environ.get("DOCKER_CERT_PATH") or Path.home() / ".docker")
    context = ssl.create_default_context(cafile=str(folder / "ca.pem"))
    context.load_cert_chain(str(folder / "cert.pem"), str(folder / "key.pem"))
    return context
