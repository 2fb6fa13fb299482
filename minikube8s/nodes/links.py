"""All agents of the cluster: the gRPC server that they dial, and what they cause.

Owns the composition of this package and the table of sessions; everything of substance is in the
modules beside it.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import grpc
import msgspec

from minikube8s.api.errors import ApiError
from minikube8s.api.resources import NODES
from minikube8s.kit.clock import Clock
from minikube8s.kit.tasks import Supervisor
from minikube8s.nodes.blocks import NoBlockLeft
from minikube8s.nodes.claims import Claim, Claims, Refused
from minikube8s.nodes.config import TLS, NodesConfig
from minikube8s.nodes.dialogue import Dialogue
from minikube8s.nodes.ending import Ending
from minikube8s.nodes.feed import Feed
from minikube8s.nodes.heartbeats import Heartbeats
from minikube8s.nodes.identity import NotANode, node_of
from minikube8s.nodes.lifecycle import Lifecycle
from minikube8s.nodes.outbox import Outbox
from minikube8s.nodes.podtokens import MakeToken, PodTokens, status_of
from minikube8s.nodes.refusal import Refusal
from minikube8s.nodes.register import Introduction, boot_id, own_addresses
from minikube8s.nodes.registration import Registration
from minikube8s.nodes.reports import Reports
from minikube8s.nodes.roster import Roster
from minikube8s.nodes.session import Session, greet
from minikube8s.nodes.streams import LogStream, Streams
from minikube8s.registry import Registry
from minikube8s.registry.events import EventRecorder
from minikube8s.rpc import agent_pb2, agent_pb2_grpc

log = logging.getLogger(__name__)

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


class NodeLinks:
    """What the master starts to have nodes. See the package's modules for the parts."""

    def __init__(self, registry: Registry, clock: Clock, config: NodesConfig) -> None:
        self.port = 0
        """Where the server listens, once started."""
        self._registry = registry
        self._clock = clock
        self._config = config
        self._tasks = Supervisor("nodes")
        self._sessions: dict[str, Session] = {}
        self._outboxes: dict[str, Outbox] = {}
        self._recorder = EventRecorder(registry, "node-controller")
        self._node_recorders: dict[str, EventRecorder] = {}
        self._registration = Registration(registry, clock, config)
        self._heartbeats = Heartbeats(
            clock, self._registration.heartbeat, lambda: len(self._sessions), config.heartbeat
        )
        self._feed = Feed(registry, clock, self._outboxes)
        self._lifecycle = Lifecycle(
            registry,
            clock,
            self._registration,
            self._recorder,
            self._feed.index.pods_of,
            self._node_lost,
            config.grace,
        )
        self._roster = Roster(
            registry, clock, self._outboxes, self._lifecycle.heard, self._node_deleted
        )
        self._streams = Streams(self._outboxes.get, config.tunnel_deadline)
        self._claims = Claims(self._answers)
        self._tokens: PodTokens | None = None
        self._server: Any = None

    async def start(
        self, hosts: Sequence[str], port: int, tls: TLS, make_token: MakeToken | None = None
    ) -> None:
        """Listen for agents on each of the addresses; port 0 takes a free one.

        Raises OSError when the port is taken or an address is not this machine's.
        Pods get their tokens from `make_token`; without it they get none.
        """
        self._tokens = PodTokens(self._registry, make_token) if make_token else None
        server = grpc.aio.server(options=_OPTIONS)
        agent_pb2_grpc.add_AgentsServicer_to_server(_Servicer(self), server)
        credentials = grpc.ssl_server_credentials(
            [(tls.key, tls.cert)], root_certificates=tls.ca, require_client_auth=True
        )
        for host in hosts:
            address = f"[{host}]" if ":" in host else host
            try:
                port = server.add_secure_port(f"{address}:{port}", credentials)
            except RuntimeError as error:
                raise OSError(
                    f"cannot listen for agents on {address}:{port}: is another cluster running "
                    "there?"
                ) from error
        self.port = port
        self._feed.start(self._tasks)
        self._roster.start(self._tasks)
        self._tasks.spawn("life cycle", self._lifecycle.run)
        await server.start()
        self._server = server

    async def close(self) -> None:
        """End all sessions and stop; agents keep their pods running and dial again."""
        for session in self._sessions.values():
            session.end(grpc.StatusCode.UNAVAILABLE, "the master is stopping")
        if self._server is not None:
            await self._server.stop(1.0)
        await self._tasks.close()
        recorders = (self._recorder, *self._node_recorders.values())
        await asyncio.gather(*(recorder.close() for recorder in recorders))

    async def open_logs(
        self, node: str, namespace: str, pod: str, container: str, options: Mapping[str, Any]
    ) -> LogStream:
        """The log of a container as its node has it; `options` are those of v1.PodLogOptions.

        Close the stream when done (`aclose`). Raises ApiError, also while iterating: 503 when the
        node's agent is not connected, 504 when it does not answer, or what it answers.
        """
        wanted = {**options, "namespace": namespace, "pod": pod, "container": container}
        return LogStream(await self._streams.open(node, "logs", wanted))

    async def open_exec(
        self, node: str, namespace: str, pod: str, container: str, options: Mapping[str, Any]
    ) -> Dialogue:
        """Run a command in a container; `options` are those of v1.PodExecOptions.

        Raises ApiError as `open_logs` does; what a command makes of it is in the stream.
        """
        wanted = {**options, "namespace": namespace, "pod": pod, "container": container}
        return Dialogue(await self._streams.open(node, "exec", wanted))

    async def open_attach(
        self, node: str, namespace: str, pod: str, container: str, options: Mapping[str, Any]
    ) -> Dialogue:
        """Join a container's own process; `options` are those of v1.PodAttachOptions."""
        wanted = {**options, "namespace": namespace, "pod": pod, "container": container}
        return Dialogue(await self._streams.open(node, "attach", wanted))

    async def open_port_forward(self, node: str, namespace: str, pod: str, port: int) -> Dialogue:
        """Open one connection to a port on the pod's own localhost. Raises ApiError."""
        wanted = {"namespace": namespace, "pod": pod, "port": port}
        return Dialogue(await self._streams.open(node, "port-forward", wanted))

    async def open_connection(self, node: str, address: str, port: int) -> Dialogue:
        """Open one connection from a node to an address that it reaches. Raises ApiError."""
        wanted = {"address": address, "port": port}
        return Dialogue(await self._streams.open(node, "connect", wanted))

    async def open_engine(self, node: str) -> Dialogue:
        """Open one connection to the container engine of a node. Raises ApiError."""
        return Dialogue(await self._streams.open(node, "engine", {}))

    async def stats(self, node: str) -> dict[str, Any]:
        """What a node and its containers use: `summary` and `windowSeconds`. Raises ApiError."""
        return await self._document(node, "stats")

    async def configz(self, node: str) -> dict[str, Any]:
        """What a node's agent is told to do, in the form of the kubelet's page. Raises ApiError."""
        return await self._document(node, "configz")

    async def pulls(self, node: str) -> dict[str, Any]:
        """The images that a node's agent is pulling: `pulls`. Raises ApiError."""
        return await self._document(node, "pulls")

    async def _document(self, node: str, kind: str) -> dict[str, Any]:
        stream = LogStream(await self._streams.open(node, kind, {}))
        async with contextlib.aclosing(stream):
            data = b"".join([piece async for piece in stream])
        return msgspec.json.decode(data, type=dict[str, Any])

    async def serve_session(self, node: str, context: Any) -> Ending | None:
        """Serve a Session call of a node's agent, from Hello to its end."""
        hello = await greet(node, context, self._config.hello_deadline)
        if isinstance(hello, Ending):
            return hello
        claim = Claim(node, own_addresses(hello.status), hello.instance, context.peer())
        refused = await self._claims.take(claim)
        if refused is not None:
            self._tell(refused)
            return refused.ending
        try:
            return await self._serve(hello, context)
        finally:
            self._claims.give_up(claim)

    async def _serve(self, hello: Introduction, context: Any) -> Ending | None:
        """Serve the session of an agent that may speak for its node."""
        node = hello.node
        try:
            registered = await self._registration.introduce(hello)
        except NoBlockLeft as error:
            log.error("node %s cannot be registered: %s", node, error)
            about = {"kind": "Node", "name": node, "uid": node}
            self._recorder.event(about, "Warning", "CIDRNotAvailable", str(error))
            return Ending(grpc.StatusCode.UNAVAILABLE, f"not registered: {error}")
        except ApiError as error:
            log.error("node %s cannot be registered: %s", node, error)
            return Ending(grpc.StatusCode.UNAVAILABLE, f"not registered: {error.message}")
        recorder = self._node_recorders.get(node)
        if recorder is None:
            recorder = self._node_recorders[node] = EventRecorder(self._registry, "kubelet", node)
        if registered.new:
            self._greet_node(node)
        if registered.rebooted:
            # kubectl looks for what a kubelet says of its node by its name as uid.
            about = {"kind": "Node", "name": node, "uid": node}
            message = f"Node {node} has been rebooted, boot id: {boot_id(hello)}"
            recorder.event(about, "Warning", "Rebooted", message)
        beat = self._heartbeats.beat
        reports = Reports(node, self._registry, self._clock, self._registration, recorder, beat)
        session = Session(
            node, context, self._config, reports.write, lambda: self._lifecycle.heard(node)
        )
        self._lifecycle.heard(node)
        self._take_over(session)
        try:
            return await session.run(registered.pod_cidrs)
        finally:
            if self._sessions.get(node) is session:
                del self._sessions[node], self._outboxes[node]

    async def serve_tunnel(self, node: str, context: Any) -> Ending | None:
        """Serve a Tunnel call of a node's agent."""
        return await self._streams.serve(node, context)

    async def create_token(
        self, node: str, request: agent_pb2.TokenRequest
    ) -> agent_pb2.Token | Ending:
        """Serve a CreateToken call of a node's agent."""
        if self._tokens is None:
            return Ending(grpc.StatusCode.UNIMPLEMENTED, "this cluster has no tokens")
        try:
            return agent_pb2.Token(token=await self._tokens.create(node, request))
        except (ApiError, Refusal) as error:
            return Ending(getattr(grpc.StatusCode, status_of(error)), error.message)

    async def _answers(self, node: str) -> bool:
        """Whether the agent whose session it is says anything when it is asked."""
        try:
            async with asyncio.timeout(self._config.rival_deadline):
                stream = LogStream(await self._streams.open(node, "pulls", {}))
                await stream.aclose()
        except TimeoutError:
            return False
        except ApiError as error:
            return error.code not in (503, 504)
        return True

    def _tell(self, refused: Refused) -> None:
        """Say on the nodes that are concerned that two machines claim the same."""
        log.warning("%s", refused.ending.sentence)
        for node in refused.nodes:
            about = {"kind": "Node", "name": node, "uid": node}
            self._recorder.event(about, "Warning", refused.reason, refused.ending.sentence)

    def _take_over(self, session: Session) -> None:
        before = self._sessions.get(session.node)
        if before is not None:
            before.end(
                grpc.StatusCode.ABORTED,
                f'another session of node "{session.node}" took over: only one agent may serve it',
            )
        self._sessions[session.node] = session
        self._outboxes[session.node] = session.outbox
        self._feed.fill(session.node, session.outbox)
        self._roster.fill(session.node, session.outbox)

    def _greet_node(self, node: str) -> None:
        entry = self._registry.get(NODES, None, node)
        message = f"Node {node} event: Registered Node {node} in Controller"
        self._recorder.event(entry.object, "Normal", "RegisteredNode", message)

    def _node_lost(self, node: str) -> None:
        session = self._sessions.get(node)
        if session is not None:
            sentence = f"the agent was not heard for {self._config.grace:g} s; connect again"
            session.end(grpc.StatusCode.UNAVAILABLE, sentence)

    def _node_deleted(self, node: str) -> None:
        self._lifecycle.forget(node)
        recorder = self._node_recorders.pop(node, None)
        if recorder is not None:
            self._tasks.spawn(f"last events of {node}", recorder.close, restart=False)
        session = self._sessions.get(node)
        if session is not None:
            sentence = f'the Node "{node}" was deleted; it is registered again with a new session'
            session.end(grpc.StatusCode.ABORTED, sentence)


class _Servicer(agent_pb2_grpc.AgentsServicer):  # type: ignore[misc]
    """Establishes who calls, and turns endings into gRPC statuses."""

    def __init__(self, links: NodeLinks) -> None:
        self._links = links

    async def Session(self, _: AsyncIterator[Any], context: Any) -> None:
        await self._serve(context, self._links.serve_session)

    async def Tunnel(self, _: AsyncIterator[Any], context: Any) -> None:
        await self._serve(context, self._links.serve_tunnel)

    async def CreateToken(self, request: Any, context: Any) -> Any:
        answer = await self._links.create_token(await _caller(context), request)
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
