"""Tells load balancers over HTTP whether this node has endpoints of a Service of its own.

Owns the servers on `healthCheckNodePort`s, one a Service with externalTrafficPolicy Local; they
answer as kube-proxy's do.
"""

import asyncio
import errno
import logging
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus

from mk8s_agent.assignments import Key
from mk8s_agent.proxy.desired import HealthCheck

log = logging.getLogger(__name__)

_REQUEST_SECONDS = 5.0
_HEAD_BYTES = 8 << 10
_CONNECTIONS = 64
"""Of one Service at a time; who comes then is hung up on."""
_RETRY_SECONDS = 30.0
"""Nothing tells when another program gives a port back."""
_BODY = """\
{{
	"service": {{
		"namespace": "{namespace}",
		"name": "{name}"
	}},
	"localEndpoints": {count},
	"serviceProxyHealthy": {healthy}
}}"""


@dataclass(slots=True)
class _Server:
    """A listening server; it answers with what `check` is at the time."""

    check: HealthCheck
    listening: asyncio.Server | None = None
    connections: set[asyncio.Task[None]] = field(default_factory=set)


class HealthChecks:
    """Opens and closes the servers as Services come and go.

    `wanted` tells what a Service needs now; `healthy` whether its rules are in the kernel; `failed`
    hears of a port that cannot be had, with the reason.
    """

    def __init__(
        self,
        wanted: Callable[[Key], HealthCheck | None],
        healthy: Callable[[], bool],
        failed: Callable[[Key, int, str], None],
    ) -> None:
        self._wanted = wanted
        self._healthy = healthy
        self._failed = failed
        self._servers: dict[Key, _Server] = {}
        self._dirty: set[Key] = set()
        self._wake = asyncio.Event()

    def changed(self, key: Key) -> None:
        """A Service or its endpoints may have changed."""
        self._dirty.add(key)
        self._wake.set()

    async def run(self) -> None:
        """Follow the changes; an eternal task. At its end no port is open any more."""
        try:
            while True:
                await self._wake.wait()
                self._wake.clear()
                dirty, self._dirty = self._dirty, set()
                for key in dirty:
                    await self._follow(key)
        finally:
            for key in list(self._servers):
                self._close(key)

    async def _follow(self, key: Key) -> None:
        check = self._wanted(key)
        server = self._servers.get(key)
        if check is None or (server is not None and server.check.port != check.port):
            self._close(key)
            server = None
        if check is None:
            return
        if server is None:
            server = self._servers[key] = _Server(check)
        server.check = check
        if server.listening is None:
            await self._open(key, server)

    async def _open(self, key: Key, server: _Server) -> None:
        def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            if len(server.connections) >= _CONNECTIONS:
                writer.close()
                return
            task = asyncio.ensure_future(self._serve(server, reader, writer))
            server.connections.add(task)
            task.add_done_callback(server.connections.discard)

        port = server.check.port
        try:
            server.listening = await asyncio.start_server(serve, None, port, limit=_HEAD_BYTES)
        except OSError as error:
            taken = error.errno == errno.EADDRINUSE
            why = "bind: address already in use" if taken else os.strerror(error.errno or 0)
            self._failed(key, port, f"listen tcp :{port}: {why}")
            asyncio.get_running_loop().call_later(_RETRY_SECONDS, self.changed, key)

    def _close(self, key: Key) -> None:
        server = self._servers.pop(key, None)
        if server is not None and server.listening is not None:
            server.listening.close()
            for task in server.connections:
                task.cancel()

    async def _serve(
        self, server: _Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        try:
            async with asyncio.timeout(_REQUEST_SECONDS):
                head = await reader.readuntil(b"\r\n\r\n")
                writer.write(answer(server.check, head, healthy=self._healthy()))
                await writer.drain()
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # the client went, dawdled or talks something else
        finally:
            writer.close()


def answer(check: HealthCheck, request: bytes, *, healthy: bool) -> bytes:
    """What kube-proxy would answer to this request, whatever its path."""
    body = _BODY.format(
        namespace=check.namespace,
        name=check.name,
        count=check.local_endpoints,
        healthy=str(healthy).lower(),
    ).encode()
    good = check.local_endpoints and healthy
    status = HTTPStatus.OK if good else HTTPStatus.SERVICE_UNAVAILABLE
    head = (
        f"HTTP/1.1 {status.value} {status.phrase}\r\n"
        "Content-Type: application/json\r\n"
        "X-Content-Type-Options: nosniff\r\n"
        f"X-Load-Balancing-Endpoint-Weight: {check.local_endpoints}\r\n"
        f"Content-Length: {len(body)}\r\n"
        "Connection: close\r\n\r\n"
    ).encode()
    return head if request.startswith(b"HEAD ") else head + body
