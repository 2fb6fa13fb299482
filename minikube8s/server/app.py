"""The API server as a whole: TLS, the listening socket, start and orderly end."""

from __future__ import annotations

import asyncio
import errno
import logging
import ssl
from asyncio.sslproto import SSLProtocol

from aiohttp import web

from minikube8s.registry import Registry
from minikube8s.server.authz import Authorizer
from minikube8s.server.bootstrap_tokens import BootstrapTokens
from minikube8s.server.call import Services
from minikube8s.server.config import PodStreams, ServerConfig
from minikube8s.server.dispatch import Dispatcher
from minikube8s.server.http_log import HttpLog
from minikube8s.server.limits import Streams
from minikube8s.server.metrics import RequestFigures, Source, in_flight
from minikube8s.server.pagination import Snapshots
from minikube8s.server.tokens import ServiceAccountTokens

log = logging.getLogger("server")

HEADER_BYTES = 64 * 1024
"""The longest request line and the longest header: selectors of controllers can be long."""
HANDSHAKE_SECONDS = 10.0
IDLE_SECONDS = 600.0
"""How long a connection without a request is kept."""
TLS_BUFFER_BYTES = 32 * 1024
"""What a connection reads at once: two records. asyncio's 256 KiB stay resident on each one."""


class CannotListen(Exception):
    """The address is taken or not ours; the message says what to do."""


class Server:
    """Serves the Kubernetes API of one registry over TLS."""

    def __init__(self, registry: Registry, config: ServerConfig, pod_streams: PodStreams) -> None:
        self._config = config
        self._streams = Streams(config.max_streams)
        self._sources: list[Source] = []
        self.tokens = ServiceAccountTokens(
            registry, config.token_key, config.token_issuer, config.token_audiences
        )
        """The tokens of ServiceAccounts, which others may make, too."""
        self.authorizer = Authorizer(registry)
        """Who may do what, which others may ask, too."""
        self._dispatcher = Dispatcher(
            Services(
                config=config,
                registry=registry,
                pod_streams=pod_streams,
                clock=registry.clock,
                snapshots=Snapshots(),
                streams=self._streams,
                authorizer=self.authorizer,
                tokens=self.tokens,
                bootstrap_tokens=BootstrapTokens(registry),
                figures=RequestFigures(),
                sources=self._sources,
            )
        )
        self.measure(lambda: [in_flight(self._dispatcher.in_flight())])
        self._tls: ssl.SSLContext | None = None
        self._web: web.Server | None = None
        self._listener: asyncio.Server | None = None

    @property
    def port(self) -> int:
        """The port that is listened on; the configured one before `start`."""
        if self._listener is None:
            return self._config.port
        return int(self._listener.sockets[0].getsockname()[1])

    def measure(self, source: Source) -> None:
        """Have /metrics tell also what a source reads, whenever somebody asks."""
        self._sources.append(source)

    async def start(self) -> None:
        """Begin to serve. Raises CannotListen when the address cannot be had."""
        config = self._config
        SSLProtocol.max_size = TLS_BUFFER_BYTES
        # Handlers are cancelled when their client leaves, or an idle watch would stay for ever.
        self._web = web.Server(
            self._dispatcher.handle,
            handler_cancellation=True,
            access_log=None,
            logger=HttpLog(log),
            # As in Kubernetes; nor is a short body a long one in disguise.
            auto_decompress=False,
            keepalive_timeout=IDLE_SECONDS,
            max_line_size=HEADER_BYTES,
            max_field_size=HEADER_BYTES,
        )
        self._tls = tls_context(config)
        try:
            self._listener = await asyncio.get_running_loop().create_server(
                self._web,
                config.hosts,
                config.port,
                ssl=self._tls,
                ssl_handshake_timeout=HANDSHAKE_SECONDS,
                backlog=256,
            )
        except OSError as error:
            raise CannotListen(_why(error, config)) from error
        log.info("serving on https://%s, port %d", ", ".join(config.hosts), self.port)

    def identify(self) -> None:
        """Show who connects from now on the certificate that the file holds now. Raises OSError."""
        if self._tls is not None:
            self._tls.load_cert_chain(self._config.cert, self._config.key)

    async def close(self) -> None:
        """Stop listening, end the streams, let what is being answered finish, hang up."""
        if self._listener is None or self._web is None:
            return
        self._listener.close()
        self._streams.close()
        await self._dispatcher.finish(self._config.shutdown_seconds)
        await self._web.shutdown(self._config.shutdown_seconds)
        self._listener = self._web = None


def tls_context(config: ServerConfig) -> ssl.SSLContext:
    """Return the server's side of TLS: at least 1.2, client certificates welcome but not needed."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(config.client_ca))
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.verify_mode = ssl.CERT_OPTIONAL
    context.load_cert_chain(config.cert, config.key)
    context.set_alpn_protocols(["http/1.1"])
    return context


def _why(error: OSError, config: ServerConfig) -> str:
    address = f"{' and '.join(config.hosts)}, port {config.port}"
    if error.errno == errno.EADDRINUSE:
        return (
            f"cannot serve the API on {address}: the port is taken by another process; "
            "stop that one or choose another port with MK8S_API_PORT"
        )
    if error.errno == errno.EADDRNOTAVAIL:
        return f"cannot serve the API on {address}: this machine lacks an address of these"
    if error.errno == errno.EACCES:
        return f"cannot serve the API on {address}: only root may listen on ports below 1024"
    return f"cannot serve the API on {address}: {error.strerror or error}"
