"""Asking the master for the tokens of pods.

Owns the call, over the channel of the session that is up. Knows nothing of when a token is due.
"""

import asyncio

import grpc

from minikube8s.rpc import agent_pb2, agent_pb2_grpc
from mk8s_agent.link.errors import NoToken

DEADLINE = 10.0
"""Seconds that waiting for a session, and then the call, may take each."""


class Tokens:
    """The one place where the agent asks for tokens."""

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

    async def create(self, namespace: str, pod: str, uid: str, audience: str, seconds: int) -> str:
        """A new token that is bound to the pod, for that audience. Raises NoToken."""
        request = agent_pb2.TokenRequest(
            namespace=namespace, pod=pod, uid=uid, audience=audience, expiration_seconds=seconds
        )
        try:
            async with asyncio.timeout(DEADLINE):
                await self._connected.wait()
            if self._stub is None:
                raise NoToken("the session with the master has just ended")
            answer = await self._stub.CreateToken(request, timeout=DEADLINE)
        except TimeoutError:
            raise NoToken("the master cannot be reached") from None
        except grpc.aio.AioRpcError as error:
            raise NoToken(error.details() or error.code().name) from error
        return str(answer.token)
