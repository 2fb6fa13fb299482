"""Tokens for pods: what a node may ask for, and who makes them.

Owns the rule, which is that of Kubernetes' NodeRestriction: a node gets tokens that are bound to
its own pods, of the accounts that these run under, for those that their volumes name.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from minikube8s.api.resources import PODS, SERVICEACCOUNTS
from minikube8s.nodes.refusal import Refusal
from minikube8s.registry import Registry
from minikube8s.rpc import agent_pb2
from minikube8s.store.entry import Entry

MakeToken = Callable[[Entry, Entry, tuple[str, ...], int], Awaitable[str]]
"""Given the account, the pod, the audiences (none: the API server) and seconds: a new token."""

SHORTEST_SECONDS, LONGEST_SECONDS = 600, 1 << 32


class PodTokens:
    """Gives nodes what they may have."""

    def __init__(self, registry: Registry, make: MakeToken) -> None:
        self._registry = registry
        self._make = make

    async def create(self, node: str, request: agent_pb2.TokenRequest) -> str:
        """A token for a pod of that node. Raises Refusal, ApiError."""
        pod = self._pod(node, request)
        spec = pod.object["spec"]
        audience = request.audience
        if audience not in _audiences(spec):
            raise Refusal("Forbidden", f'audience "{audience}" not found in pod spec volume')
        if not SHORTEST_SECONDS <= request.expiration_seconds <= LONGEST_SECONDS:
            raise Refusal("Invalid", "a token is valid for 10 minutes at least, 2^32 s at most")
        account = self._registry.get(
            SERVICEACCOUNTS, request.namespace, spec.get("serviceAccountName") or ""
        )
        audiences = (audience,) if audience else ()
        return await self._make(account, pod, audiences, request.expiration_seconds)

    def _pod(self, node: str, request: agent_pb2.TokenRequest) -> Entry:
        """The pod that the token is to be bound to."""
        if not request.uid:
            raise Refusal("Forbidden", "node requested token with a pod binding without a uid")
        pod = self._registry.get(PODS, request.namespace, request.pod)
        if pod.uid != request.uid:
            raise Refusal(
                "Conflict",
                f"the UID in the bound object reference ({request.uid}) does not match the UID in "
                f"record ({pod.uid}). The object might have been deleted and then recreated",
            )
        if pod.object["spec"].get("nodeName") != node:
            raise Refusal(
                "Forbidden", "node requested token bound to a pod scheduled on a different node"
            )
        return pod


def _audiences(spec: dict[str, Any]) -> set[str]:
    """Whom the tokens in the pod's volumes are meant for."""
    return {
        source["serviceAccountToken"].get("audience") or ""
        for volume in spec.get("volumes") or ()
        for source in (volume.get("projected") or {}).get("sources") or ()
        if source.get("serviceAccountToken")
    }
