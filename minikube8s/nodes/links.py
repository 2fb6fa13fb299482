"""All agents of the cluster: their sessions, and what they cause.

Owns the composition of this package and the table of sessions; everything of substance is in the
modules beside it.
"""

import asyncio
import logging
from collections.abc import Sequence
from functools import partial
from typing import Any

import grpc

from minikube8s.api.errors import ApiError
from minikube8s.api.resources import NODES
from minikube8s.kit.clock import Clock
from minikube8s.kit.tasks import Supervisor
from minikube8s.nodes import machines, serving
from minikube8s.nodes.blocks import NoBlockLeft
from minikube8s.nodes.claims import Claim, Claims, Refused
from minikube8s.nodes.config import TLS, NodesConfig
from minikube8s.nodes.ending import Ending
from minikube8s.nodes.feed import Feed
from minikube8s.nodes.heartbeats import Heartbeats
from minikube8s.nodes.lifecycle import Lifecycle
from minikube8s.nodes.nodestreams import NodeStreams
from minikube8s.nodes.outbox import Outbox
from minikube8s.nodes.podtokens import MakeToken, PodTokens
from minikube8s.nodes.refusal import Refusal, status_of
from minikube8s.nodes.register import Introduction, boot_id
from minikube8s.nodes.registration import Registration
from minikube8s.nodes.renewals import Renewals
from minikube8s.nodes.reports import Reports
from minikube8s.nodes.roster import Roster
from minikube8s.nodes.serving import Identity
from minikube8s.nodes.session import Session, greet
from minikube8s.nodes.streams import Streams
from minikube8s.registry import Registry
from minikube8s.registry.events import EventRecorder
from minikube8s.rpc import agent_pb2

log = logging.getLogger(__name__)


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
        self._tunnels = Streams(self._outboxes.get, config.tunnel_deadline)
        self.streams = NodeStreams(self._tunnels)
        """What can be asked of nodes' agents."""
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
        self._claims = Claims(
            partial(self.streams.answers, within=config.rival_deadline),
            self._registration.machine,
            clock,
            config.patience,
        )
        self._tokens: PodTokens | None = None
        self._renewals = Renewals(registry)
        self._identity: Identity | None = None
        self._server: Any = None

    async def start(
        self, hosts: Sequence[str], port: int, tls: TLS, make_token: MakeToken | None = None
    ) -> None:
        """Listen for agents on each of the addresses; port 0 takes a free one.

        Raises OSError when the port is taken or an address is not this machine's.
        Pods get their tokens from `make_token`; without it they get none.
        """
        self._tokens = PodTokens(self._registry, make_token) if make_token else None
        self._identity = Identity(tls)
        server, self.port = serving.bind(self, hosts, port, self._identity)
        self._feed.start(self._tasks)
        self._roster.start(self._tasks)
        self._tasks.spawn("life cycle", self._lifecycle.run)
        await server.start()
        self._server = server

    def identify(self, tls: TLS) -> None:
        """Show agents that dial from now on other certificates."""
        if self._identity is not None:
            self._identity.now = tls

    async def close(self) -> None:
        """End all sessions and stop; agents keep their pods running and dial again."""
        for session in self._sessions.values():
            session.end(grpc.StatusCode.UNAVAILABLE, "the master is stopping")
        if self._server is not None:
            await self._server.stop(1.0)
        await self._tasks.close()
        recorders = (self._recorder, *self._node_recorders.values())
        await asyncio.gather(*(recorder.close() for recorder in recorders))

    async def serve_session(self, node: str, context: Any) -> Ending | None:
        """Serve a Session call of a node's agent, from Hello to its end."""
        hello = await greet(node, context, self._config.hello_deadline)
        if isinstance(hello, Ending):
            return hello
        claim = Claim(node, machines.of_hello(hello), context.peer())
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
            self._recorder.event(_about(node), "Warning", "CIDRNotAvailable", str(error))
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
            message = f"Node {node} has been rebooted, boot id: {boot_id(hello)}"
            recorder.event(_about(node), "Warning", "Rebooted", message)
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
        return await self._tunnels.serve(node, context)

    async def create_token(
        self, node: str, request: agent_pb2.TokenRequest
    ) -> agent_pb2.Token | Ending:
        """Serve a CreateToken call of a node's agent."""
        if self._tokens is None:
            return Ending(grpc.StatusCode.UNIMPLEMENTED, "this cluster has no tokens")
        try:
            return agent_pb2.Token(token=await self._tokens.create(node, request))
        except (ApiError, Refusal) as error:
            return _ending(error)

    async def renew_certificate(
        self, node: str, request: agent_pb2.CertificateRequest
    ) -> agent_pb2.Certificate | Ending:
        """Serve a RenewCertificate call of a node's agent."""
        try:
            return agent_pb2.Certificate(certificate=await self._renewals.renew(node, request))
        except (ApiError, Refusal) as error:
            return _ending(error)

    def _tell(self, refused: Refused) -> None:
        """Say on the nodes that are concerned that two machines claim the same."""
        log.warning("%s", refused.ending.sentence)
        for node in refused.nodes:
            self._recorder.event(_about(node), "Warning", refused.reason, refused.ending.sentence)

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
        self._claims.forget(node)
        recorder = self._node_recorders.pop(node, None)
        if recorder is not None:
            self._tasks.spawn(f"last events of {node}", recorder.close, restart=False)
        session = self._sessions.get(node)
        if session is not None:
            sentence = f'the Node "{node}" was deleted; it is registered again with a new session'
            session.end(grpc.StatusCode.ABORTED, sentence)


def _about(node: str) -> dict[str, Any]:
    """Whom an event is about: kubectl looks for a node's by its name as uid."""
    return {"kind": "Node", "name": node, "uid": node}


def _ending(error: ApiError | Refusal) -> Ending:
    return Ending(getattr(grpc.StatusCode, status_of(error)), error.message)
