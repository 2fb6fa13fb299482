"""New certificates for nodes whose own end before long.

Owns how such a request comes before those who approve and sign: as the node's own
CertificateSigningRequest, as if it had made it by the API. One that is repeated is the same.
"""

from __future__ import annotations

import asyncio
import base64
from contextlib import closing
from typing import Any

from minikube8s.api.errors import ApiError
from minikube8s.api.resources import CERTIFICATESIGNINGREQUESTS
from minikube8s.nodes.identity import ORGANIZATION, USER_PREFIX
from minikube8s.nodes.refusal import Refusal
from minikube8s.registry import Registry
from minikube8s.rpc import agent_pb2

DEADLINE = 8.0
"""Seconds until a node is told that nobody has approved its request yet."""
_SIGNER = "kubernetes.io/kube-apiserver-client-kubelet"
_LARGEST = 16 * 1024
"""Bytes of a request."""


class Renewals:
    """Gets nodes their next certificates."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    async def renew(self, node: str, asked: agent_pb2.CertificateRequest) -> bytes:
        """Return a new certificate (PEM) of that node. Raises Refusal, ApiError."""
        if len(asked.request) > _LARGEST:
            raise Refusal("Invalid", f"a request has {_LARGEST} bytes at most")
        request = _request(node, asked)
        name = request["metadata"]["name"]
        try:
            await self._registry.create(CERTIFICATESIGNINGREQUESTS, None, request)
        except ApiError as error:
            if error.reason != "AlreadyExists":
                raise
        try:
            async with asyncio.timeout(DEADLINE):
                return await self._verdict(name, request["spec"])
        except TimeoutError:
            raise Refusal(
                "Pending",
                f"nobody has approved its request yet: `kubectl certificate approve {name}`",
            ) from None

    async def _verdict(self, name: str, spec: dict[str, Any]) -> bytes:
        kind = CERTIFICATESIGNINGREQUESTS
        with closing(self._registry.watch(kind, None, name=name)) as watch:
            while True:
                found = self._registry.get(kind, None, name).object
                if any(found["spec"].get(field) != value for field, value in spec.items()):
                    raise Refusal("Forbidden", f"the request {name} is another one")
                status = found.get("status") or {}
                if status.get("certificate"):
                    return base64.b64decode(status["certificate"])
                for condition in status.get("conditions") or ():
                    if condition["type"] != "Approved":
                        why = condition.get("message") or condition.get("reason") or "no reason"
                        raise Refusal("Forbidden", f"the request {name} was denied: {why}")
                await watch.batch()


def _request(node: str, asked: agent_pb2.CertificateRequest) -> dict[str, Any]:
    return {
        "metadata": {"name": f"node-csr-{asked.id}"},
        "spec": {
            "request": base64.b64encode(asked.request).decode(),
            "signerName": _SIGNER,
            "usages": ["digital signature", "client auth"],
            "username": f"{USER_PREFIX}{node}",
            "groups": [ORGANIZATION, "system:authenticated"],
        },
    }
