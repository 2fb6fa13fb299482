"""One session of one agent, on the master's side.

Owns the conversation: Hello, Welcome, the complete sync, then both directions until either side
ends it. What is said comes from the Outbox, what is heard goes through the Inbox.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import grpc
import msgspec

from minikube8s.nodes.config import NodesConfig
from minikube8s.nodes.ending import Ending
from minikube8s.nodes.inbox import Inbox
from minikube8s.nodes.outbox import Outbox
from minikube8s.nodes.refusal import Refusal
from minikube8s.nodes.register import Introduction
from minikube8s.rpc import agent_pb2

log = logging.getLogger(__name__)


class Session:
    """Serves one agent that has said Hello. `heard` is called whenever it says something."""

    def __init__(
        self,
        node: str,
        context: Any,
        config: NodesConfig,
        write: Callable[[agent_pb2.Up], Awaitable[None]],
        heard: Callable[[], None],
    ) -> None:
        self.node = node
        self.outbox = Outbox(config.outbox_objects, lambda: self._cut("has fallen too far behind"))
        self._context = context
        self._config = config
        self._write_report = write
        self._heard = heard
        self._inbox = Inbox(
            self._write_or_refuse,
            self.outbox.acknowledge,
            config.inbox_reports,
            config.parallel_writes,
        )
        self._ended: asyncio.Future[Ending] = asyncio.get_running_loop().create_future()

    def end(self, code: grpc.StatusCode, sentence: str) -> None:
        """End the session; harmless when it has ended already."""
        if not self._ended.done():
            self._ended.set_result(Ending(code, sentence))

    async def run(self, pod_cidrs: Sequence[str]) -> Ending | None:
        """Converse until one side ends it; None: the agent left."""
        await self._context.write(agent_pb2.Down(welcome=self._welcome(pod_cidrs)))
        reader = asyncio.create_task(self._read(), name=f"nodes/read {self.node}")
        writer = asyncio.create_task(self._send(), name=f"nodes/send {self.node}")
        try:
            await asyncio.wait((reader, writer, self._ended), return_when=asyncio.FIRST_COMPLETED)
            for task in (reader, writer):
                if task.done():
                    task.result()  # a fault of ours is raised, and reported by the caller
        finally:
            reader.cancel()
            writer.cancel()
            await asyncio.wait((reader, writer))
            await self._inbox.close()
        return self._ended.result() if self._ended.done() else None

    def _welcome(self, pod_cidrs: Sequence[str]) -> agent_pb2.Welcome:
        config = self._config
        return agent_pb2.Welcome(
            cluster=config.cluster,
            pod_cidr=pod_cidrs[0],
            pod_cidrs=pod_cidrs,
            cluster_cidr=config.cluster_cidr,
            service_cidr=config.service_cidr,
            cluster_domain=config.cluster_domain,
            cluster_dns=config.cluster_dns,
            heartbeat_seconds=config.heartbeat,
            pod_network=config.pod_network,
            vxlan_id=config.vxlan_id,
            vxlan_port=config.vxlan_port,
        )

    async def _read(self) -> None:
        """Take reports until the agent leaves."""
        while True:
            up = await self._context.read()
            if up is grpc.aio.EOF:
                return
            self._heard()
            if up.WhichOneof("message") is None:
                # Newer than this master: what it does not know needs no answer but this.
                log.debug("node %s sent a message that this master does not know", self.node)
            await self._inbox.put(up)

    async def _send(self) -> None:
        """Send what is pending, one message at a time, each within the deadline."""
        try:
            while True:
                await self.outbox.pending.wait()
                for message in self.outbox.take():
                    async with asyncio.timeout(self._config.write_deadline):
                        await self._context.write(message)
        except TimeoutError:
            self._cut(f"took no message for {self._config.write_deadline:g} s")

    def _cut(self, why: str) -> None:
        if self._ended.done():
            return
        log.warning("the agent of node %s %s: it is cut off and starts anew", self.node, why)
        sentence = f"the agent {why}; connect again for a complete sync"
        self.end(grpc.StatusCode.RESOURCE_EXHAUSTED, sentence)

    async def _write_or_refuse(self, report: agent_pb2.Up) -> None:
        try:
            await self._write_report(report)
        except Refusal as refusal:
            log.warning("refused a report of node %s: %s", self.node, refusal.message)
            refused = agent_pb2.Refused(
                sequence=report.sequence, reason=refusal.reason, message=refusal.message
            )
            self.outbox.request(agent_pb2.Down(refused=refused))


async def greet(node: str, context: Any, deadline: float) -> Introduction | Ending:
    """Wait for Hello; an Ending says what is wrong with it."""
    try:
        async with asyncio.timeout(deadline):
            up = await context.read()
    except TimeoutError:
        return Ending(grpc.StatusCode.DEADLINE_EXCEEDED, f"no Hello within {deadline:g} s")
    if up is grpc.aio.EOF or up.WhichOneof("message") != "hello":
        return Ending(grpc.StatusCode.INVALID_ARGUMENT, "a session begins with Hello")
    hello = up.hello
    if hello.node != node:
        return Ending(
            grpc.StatusCode.PERMISSION_DENIED,
            f'the certificate is that of node "{node}": it cannot speak for node "{hello.node}"',
        )
    try:
        status = msgspec.json.decode(hello.status_json, type=dict[str, Any])
    except msgspec.DecodeError as error:
        return Ending(grpc.StatusCode.INVALID_ARGUMENT, f"Hello has no node status: {error}")
    return Introduction(
        node, status, dict(hello.labels), tuple(hello.roles), hello.volumes_dir, hello.instance
    )
