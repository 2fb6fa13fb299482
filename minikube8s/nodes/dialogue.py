"""A stream in both directions: exec, attach, or one connection to a port of a pod.

Owns how such a stream looks on a Tunnel. Back-pressure is HTTP/2's, in each direction.
"""

from typing import Any, Literal

import msgspec

from minikube8s.api import errors
from minikube8s.api.streams import Piece
from minikube8s.nodes.streams import Tunnel
from minikube8s.rpc import agent_pb2

CHUNK = 64 * 1024
"""Bytes of one Data frame at most."""

_CHANNELS: dict[int, Literal["stdout", "stderr"]] = {
    agent_pb2.CHANNEL_STDOUT: "stdout",
    agent_pb2.CHANNEL_STDERR: "stderr",
}


class Dialogue:
    """One task may receive and one may write at a time. Close it: the agent works until then."""

    def __init__(self, tunnel: Tunnel) -> None:
        self.status: dict[str, Any] = {}
        """How it ended, a v1.Status: there once `receive` returned None for the end."""
        self._tunnel = tunnel

    async def receive(self) -> Piece | None:
        """What came next; None at the end, and after `aclose`. Raises ApiError 503 when cut off."""
        while (frame := await self._tunnel.receive()) is not None:
            if frame.HasField("data"):
                return Piece(_CHANNELS.get(frame.data.channel, "stdout"), frame.data.content)
            if frame.HasField("status"):
                self.status = _decoded(frame.status.status_json)
                return None
        return None

    async def write(self, data: bytes) -> None:
        """Send bytes to the other end's input. Raises ApiError 503 when the stream is over."""
        for start in range(0, len(data), CHUNK):
            piece = agent_pb2.Data(
                channel=agent_pb2.CHANNEL_STDIN, content=data[start : start + CHUNK]
            )
            await self._tunnel.send(agent_pb2.Frame(data=piece))

    async def write_eof(self) -> None:
        """Say that no more input comes; output goes on. Raises ApiError 503."""
        end = agent_pb2.Close(channel=agent_pb2.CHANNEL_STDIN)
        await self._tunnel.send(agent_pb2.Frame(close=end))

    async def resize(self, width: int, height: int) -> None:
        """Tell the size of the client's terminal in characters. Raises ApiError 503."""
        size = agent_pb2.Resize(width=width, height=height)
        await self._tunnel.send(agent_pb2.Frame(resize=size))

    async def aclose(self) -> None:
        """End the stream: a process made for it is killed. Harmless when it has ended."""
        self._tunnel.close()


def _decoded(status_json: bytes) -> dict[str, Any]:
    try:
        return msgspec.json.decode(status_json, type=dict[str, Any])
    except msgspec.DecodeError:
        return errors.internal("the node's agent ended the stream without saying how").status()
