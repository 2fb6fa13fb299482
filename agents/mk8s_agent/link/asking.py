"""What the agent asks the master beside the session, over the same connection.

Owns who waits for a session, for how long, and what becomes of the call's end.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import grpc

from minikube8s.rpc import agent_pb2_grpc
from mk8s_agent.link.errors import NoAnswer

DEADLINE = 10.0
"""Seconds that waiting for a session, and then the call, may take each."""


class Asking:
    """Knows the session that is up, for whoever asks."""

    def __init__(self) -> None:
        self._stub: agent_pb2_grpc.AgentsStub | None = None
        self._connected = asyncio.Event()

    def connected(self, stub: agent_pb2_grpc.AgentsStub) -> None:
        """A session is up."""
        self._stub = stub
        self._connected.set()

    def disconnected(self) -> None:
        """The session has ended."""
        self._stub = None
        self._connected.clear()

    async def wait(self) -> None:
        """Return when a session is up."""
        await self._connected.wait()

    async def ask(
        self, call: Callable[[agent_pb2_grpc.AgentsStub], Callable[..., Awaitable[Any]]], about: Any
    ) -> Any:
        """Make one of the stub's calls, and return its answer. Raises NoAnswer."""
        try:
            async with asyncio.timeout(DEADLINE):
                await self._connected.wait()
            if self._stub is None:
                raise NoAnswer("the session with the master has just ended")
            return await call(self._stub)(about, timeout=DEADLINE)
        except TimeoutError:
            raise NoAnswer("the master cannot be reached") from None
        except grpc.aio.AioRpcError as error:
            raise NoAnswer(error.details() or error.code().name) from error
