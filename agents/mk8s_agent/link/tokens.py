"""Asking the master for the tokens of pods.

Knows nothing of when a token is due.
"""

from minikube8s.rpc import agent_pb2
from mk8s_agent.link.asking import Asking


class Tokens:
    """The one place where the agent asks for tokens."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking

    async def create(self, namespace: str, pod: str, uid: str, audience: str, seconds: int) -> str:
        """A new token that is bound to the pod, for that audience. Raises NoAnswer."""
        request = agent_pb2.TokenRequest(
            namespace=namespace, pod=pod, uid=uid, audience=audience, expiration_seconds=seconds
        )
        answer = await self._asking.ask(lambda stub: stub.CreateToken, request)
        return str(answer.token)
