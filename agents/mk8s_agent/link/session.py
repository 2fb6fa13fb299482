"""One session with the master, from Hello to its end.

Owns the order of messages in both directions and their deadlines; the content comes from the
Reporter and goes to the Assignments. Knows nothing of reconnecting.
"""

import asyncio
import contextlib
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import grpc
import msgspec

from minikube8s.rpc import agent_pb2, agent_pb2_grpc
from mk8s_agent.assignments import Assigned, Assignments, ClusterInfo, NodeRoute
from mk8s_agent.link import dialogue
from mk8s_agent.link.asking import Asking
from mk8s_agent.link.reporter import Reporter
from mk8s_agent.link.tunnels import Handler, Tunnels

log = logging.getLogger(__name__)

WELCOME_DEADLINE = 15.0
"""Seconds from dialling to the master's Welcome."""
SILENT_HEARTBEATS = 3
"""After so many unanswered heartbeats the link is taken for dead."""


@dataclass(frozen=True, slots=True)
class NodeHello:
    """How the node introduces itself: v1.NodeStatus, labels it brings, "control-plane" or not.

    `version` is the agent's own, for people.
    """

    status: dict[str, Any]
    labels: Mapping[str, str] = field(default_factory=dict)
    roles: tuple[str, ...] = ()
    version: str = ""
    volumes_dir: str = ""


class Agent(Protocol):
    """What the link needs of the rest of the agent."""

    @property
    def assignments(self) -> Assignments:
        """Where to put what comes down."""

    @property
    def reporter(self) -> Reporter:
        """What goes up."""

    @property
    def handlers(self) -> Mapping[str, Handler]:
        """What serves streams to the master, by kind ("logs")."""

    @property
    def dialogues(self) -> Mapping[str, dialogue.Handler]:
        """What serves streams in both directions, by kind ("exec")."""

    @property
    def asking(self) -> Asking:
        """Who asks the master while a session is up."""

    def hello(self) -> NodeHello:
        """The node as it is now; called once a session, must not block."""


@dataclass(slots=True)
class Outcome:
    """How a session ended."""

    code: grpc.StatusCode
    details: str
    welcomed: bool


class Session:
    """Runs one Session call on a channel. `instance` tells this agent from any other."""

    def __init__(self, node: str, instance: str, agent: Agent, channel: grpc.aio.Channel) -> None:
        self._node = node
        self._instance = instance
        self._agent = agent
        self._stub = stub = agent_pb2_grpc.AgentsStub(channel)
        self._call = stub.Session()
        self._tunnels = Tunnels(stub, agent.handlers, agent.dialogues)
        self._parts: list[Assigned[Any]] = []
        self._heartbeat = 0.0

    async def run(self) -> Outcome:
        """Serve the session until it ends; cancelling ends it at once."""
        writer: asyncio.Task[None] | None = None
        try:
            async with asyncio.timeout(WELCOME_DEADLINE):
                await self._introduce()
            self._agent.asking.connected(self._stub)
            writer = asyncio.create_task(self._write(), name="link/write")
            while True:
                async with asyncio.timeout(SILENT_HEARTBEATS * self._heartbeat):
                    down = await self._call.read()
                if down is grpc.aio.EOF:
                    break
                self._take(down)
        except (grpc.aio.AioRpcError, asyncio.InvalidStateError):
            pass  # the call has ended; its code and details are read below
        except TimeoutError:
            waited = SILENT_HEARTBEATS * self._heartbeat or WELCOME_DEADLINE
            why = f"it said nothing for {waited:g} s"
            return Outcome(grpc.StatusCode.DEADLINE_EXCEEDED, why, bool(self._heartbeat))
        finally:
            await self._end(writer)
        code, details = await self._call.code(), await self._call.details()
        return Outcome(code, details or "", bool(self._heartbeat))

    async def _end(self, writer: asyncio.Task[None] | None) -> None:
        self._agent.asking.disconnected()
        self._call.cancel()
        if writer is not None:
            writer.cancel()
            await asyncio.wait([writer])
        await self._tunnels.close()

    async def _introduce(self) -> None:
        reporter = self._agent.reporter
        reporter.restart()
        hello = self._agent.hello()
        message = agent_pb2.Hello(
            node=self._node,
            status_json=msgspec.json.encode(hello.status),
            labels=dict(hello.labels),
            roles=hello.roles,
            agent_version=hello.version,
            volumes_dir=hello.volumes_dir,
            instance=self._instance,
        )
        await self._call.write(reporter.numbered(agent_pb2.Up(hello=message)))
        down = await self._call.read()
        if down is grpc.aio.EOF:
            raise asyncio.InvalidStateError
        welcome = down.welcome
        # Numbers from another machine: whatever they are, heartbeats neither stop nor flood.
        self._heartbeat = float(min(max(welcome.heartbeat_seconds, 1), 60))
        self._agent.assignments.set_cluster(
            ClusterInfo(
                cluster=welcome.cluster,
                pod_cidr=welcome.pod_cidr,
                cluster_cidr=welcome.cluster_cidr,
                service_cidr=welcome.service_cidr,
                cluster_domain=welcome.cluster_domain,
                cluster_dns=welcome.cluster_dns,
                heartbeat_seconds=int(self._heartbeat),
                pod_cidrs=tuple(welcome.pod_cidrs) or (welcome.pod_cidr,),
                pod_network=welcome.pod_network or "auto",
                vxlan_id=welcome.vxlan_id,
                vxlan_port=welcome.vxlan_port,
            )
        )

    async def _write(self) -> None:
        """Send reports as they come, and heartbeats in time."""
        reporter = self._agent.reporter
        loop = asyncio.get_running_loop()
        beat_at = loop.time() + self._heartbeat
        # A write to a call that has ended raises; how it ended is the reader's to tell.
        with contextlib.suppress(grpc.aio.AioRpcError, asyncio.InvalidStateError):
            while True:
                if loop.time() >= beat_at:
                    beat_at = loop.time() + self._heartbeat
                    seen = self._agent.assignments.revision
                    beat = agent_pb2.Up(heartbeat=agent_pb2.Heartbeat(seen_revision=seen))
                    await self._call.write(reporter.numbered(beat))
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout_at(beat_at):
                        await reporter.pending.wait()
                if (report := reporter.take()) is not None:
                    await self._call.write(report)

    def _take(self, down: agent_pb2.Down) -> None:
        match down.WhichOneof("message"):
            case "sync":
                self._sync(down.sync)
            case "ack":
                self._agent.reporter.acknowledged(down.ack.sequence)
            case "routes":
                self._agent.assignments.set_routes(
                    NodeRoute(
                        one.node,
                        tuple(one.pod_cidrs) or (one.pod_cidr,),
                        tuple(one.addresses) or (one.address,),
                    )
                    for one in down.routes.nodes
                )
            case "open_tunnel":
                self._tunnels.open(down.open_tunnel)
            case "close_tunnel":
                self._tunnels.cancel(down.close_tunnel.id)
            case "refused":
                log.warning("the master refused a report: %s", down.refused.message)
            case other:
                log.debug("the master sent %s, which this agent does not know", other)

    def _sync(self, sync: agent_pb2.Sync) -> None:
        upserts: list[Assigned[Any]] = [
            Assigned(one.resource, (one.namespace, one.name), one.revision, one.object_json)
            for one in sync.upserts
        ]
        assignments = self._agent.assignments
        if not sync.complete:
            removals = [(one.resource, (one.namespace, one.name)) for one in sync.removals]
            assignments.update(upserts, removals, sync.revision)
            return
        self._parts += upserts
        if sync.last_part:
            parts, self._parts = self._parts, []
            assignments.replace(parts, sync.revision)
