"""What can be asked of a node's agent by streams, in the words of who asks: logs, exec, stats, …

Owns the kinds of streams and their options; how one is opened is in `streams`.
"""

import asyncio
import contextlib
from collections.abc import Mapping
from typing import Any

import msgspec

from minikube8s.api.errors import ApiError
from minikube8s.nodes.dialogue import Dialogue
from minikube8s.nodes.streams import LogStream, Streams

Options = Mapping[str, Any]


class NodeStreams:
    """Streams to nodes and their containers.

    Close what is opened when done (`aclose`). Every method raises ApiError, streams also while they
    are read: 503 when the node's agent is not connected, 504 when it does not answer, or what it
    answers.
    """

    def __init__(self, streams: Streams) -> None:
        self._streams = streams

    async def open_logs(
        self, node: str, namespace: str, pod: str, container: str, options: Options
    ) -> LogStream:
        """The log of a container as its node has it; `options` are those of v1.PodLogOptions."""
        wanted = {**options, "namespace": namespace, "pod": pod, "container": container}
        return LogStream(await self._streams.open(node, "logs", wanted))

    async def open_exec(
        self, node: str, namespace: str, pod: str, container: str, options: Options
    ) -> Dialogue:
        """Run a command in a container; `options` are those of v1.PodExecOptions.

        What the command makes of it is in the stream.
        """
        wanted = {**options, "namespace": namespace, "pod": pod, "container": container}
        return Dialogue(await self._streams.open(node, "exec", wanted))

    async def open_attach(
        self, node: str, namespace: str, pod: str, container: str, options: Options
    ) -> Dialogue:
        """Join a container's own process; `options` are those of v1.PodAttachOptions."""
        wanted = {**options, "namespace": namespace, "pod": pod, "container": container}
        return Dialogue(await self._streams.open(node, "attach", wanted))

    async def open_port_forward(self, node: str, namespace: str, pod: str, port: int) -> Dialogue:
        """Open one connection to a port on the pod's own localhost."""
        wanted = {"namespace": namespace, "pod": pod, "port": port}
        return Dialogue(await self._streams.open(node, "port-forward", wanted))

    async def open_connection(self, node: str, address: str, port: int) -> Dialogue:
        """Open one connection from a node to an address that it reaches."""
        wanted = {"address": address, "port": port}
        return Dialogue(await self._streams.open(node, "connect", wanted))

    async def open_engine(self, node: str) -> Dialogue:
        """Open one connection to the container engine of a node."""
        return Dialogue(await self._streams.open(node, "engine", {}))

    async def stats(self, node: str) -> dict[str, Any]:
        """What a node and its containers use: `summary` and `windowSeconds`."""
        return await self._document(node, "stats")

    async def configz(self, node: str) -> dict[str, Any]:
        """What a node's agent is told to do, in the form of the kubelet's page."""
        return await self._document(node, "configz")

    async def pulls(self, node: str) -> dict[str, Any]:
        """The images that a node's agent is pulling: `pulls`."""
        return await self._document(node, "pulls")

    async def answers(self, node: str, *, within: float) -> bool:
        """Whether the node's agent says anything when it is asked, in so many seconds."""
        try:
            async with asyncio.timeout(within):
                stream = LogStream(await self._streams.open(node, "pulls", {}))
                await stream.aclose()
        except TimeoutError:
            return False
        except ApiError as error:
            return error.code not in (503, 504)
        return True

    async def _document(self, node: str, kind: str) -> dict[str, Any]:
        stream = LogStream(await self._streams.open(node, kind, {}))
        async with contextlib.aclosing(stream):
            data = b"".join([piece async for piece in stream])
        return msgspec.json.decode(data, type=dict[str, Any])
