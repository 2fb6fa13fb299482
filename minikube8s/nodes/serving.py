"""The gRPC server that agents dial: its addresses and certificates, and who calls.

Owns what is gRPC's own of a call: who is at the other end by his certificate, and the status that
it ends with.
"""

from collections.abc import AsyncIterator, Sequence
from typing import Any, Protocol

import grpc

from minikube8s.nodes.config import TLS
from minikube8s.nodes.ending import Ending
from minikube8s.nodes.identity import NotANode, node_of
from minikube8s.rpc import agent_pb2, agent_pb2_grpc

MAX_MESSAGE = 16 * 1024 * 1024
"""Bytes of one message; no object comes near."""

_OPTIONS = (
    # Two masters on one port must be an error, not a lottery.
    ("grpc.so_reuseport", 0),
    ("grpc.max_receive_message_length", MAX_MESSAGE),
    ("grpc.max_send_message_length", MAX_MESSAGE),
    # Heartbeats tell who lives; these pings only clear away connections of machines that vanished.
    ("grpc.keepalive_time_ms", 60_000),
    ("grpc.keepalive_timeout_ms", 20_000),
)


class Calls(Protocol):
    """What agents call, each under the name of its node; see `links.NodeLinks`."""

    async def serve_session(self, node: str, context: Any) -> Ending | None:
        """Serve a Session call to its end."""
        ...

    async def serve_tunnel(self, node: str, context: Any) -> Ending | None:
        """Serve a Tunnel call to its end."""
        ...

    async def create_token(
        self, node: str, request: agent_pb2.TokenRequest
    ) -> agent_pb2.Token | Ending:
        """Answer a CreateToken call."""
        ...

    async def renew_certificate(
        self, node: str, request: agent_pb2.CertificateRequest
    ) -> agent_pb2.Certificate | Ending:
        """Answer a RenewCertificate call."""
        ...


class Identity:
    """The server's certificates, which may be replaced while it serves: who dials then is shown
    those of `now`.
    """

    def __init__(self, tls: TLS) -> None:
        self.now = tls

    def credentials(self) -> Any:
        """What one address listens with; each takes its own."""
        shown = self.now

        def fetch() -> Any:
            """Called by gRPC for each connection, in a thread of its own; None: nothing is new."""
            nonlocal shown
            if shown is self.now:
                return None
            shown = self.now
            return _configured(shown)

        return grpc.dynamic_ssl_server_credentials(
            _configured(shown), fetch, require_client_authentication=True
        )


def _configured(tls: TLS) -> Any:
    return grpc.ssl_server_certificate_configuration([(tls.key, tls.cert)], tls.ca)


def bind(calls: Calls, hosts: Sequence[str], port: int, identity: Identity) -> tuple[Any, int]:
    """A server on each of the addresses that is not started yet, and its port; 0 takes a free one.

    Raises OSError when the port is taken or an address is not this machine's.
    """
    server = grpc.aio.server(options=_OPTIONS)
    agent_pb2_grpc.add_AgentsServicer_to_server(_Servicer(calls), server)
    for host in hosts:
        address = f"[{host}]" if ":" in host else host
        try:
            port = server.add_secure_port(f"{address}:{port}", identity.credentials())
        except RuntimeError as error:
            raise OSError(
                f"cannot listen for agents on {address}:{port}: is another cluster running there?"
            ) from error
    return server, port


class _Servicer(agent_pb2_grpc.AgentsServicer):  # type: ignore[misc]
    """Establishes who calls, and turns endings into gRPC statuses."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def Session(self, _: AsyncIterator[Any], context: Any) -> None:
        await self._serve(context, self._calls.serve_session)

    async def Tunnel(self, _: AsyncIterator[Any], context: Any) -> None:
        await self._serve(context, self._calls.serve_tunnel)

    async def CreateToken(self, request: Any, context: Any) -> Any:
        return await self._answer(context, self._calls.create_token, request)

    async def RenewCertificate(self, request: Any, context: Any) -> Any:
        return await self._answer(context, self._calls.renew_certificate, request)

    async def _answer(self, context: Any, call: Any, request: Any) -> Any:
        answer = await call(await _caller(context), request)
        if isinstance(answer, Ending):
            await context.abort(*answer)
        return answer

    async def _serve(self, context: Any, serve: Any) -> None:
        ending = await serve(await _caller(context), context)
        if ending is not None:
            await context.abort(*ending)


async def _caller(context: Any) -> str:
    """The node that calls; ends the call of anybody else."""
    try:
        return node_of(context.auth_context())
    except NotANode as error:
        await context.abort(grpc.StatusCode.PERMISSION_DENIED, str(error))
        raise
