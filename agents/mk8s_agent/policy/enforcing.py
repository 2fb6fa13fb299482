"""Has the node's policies enforced: hears of objects and of pods' addresses, and fills the table.

A pod's own node knows its address first. So a pod is isolated before it is connected, and stays so
until it is disconnected, whatever the API says of it meanwhile.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable
from typing import Any, Protocol

from minikube8s.api.peers import peer_at, peer_of
from minikube8s.api.views import NetworkPolicy, PeerPod, Pod
from mk8s_agent.assignments import Assignments, Key
from mk8s_agent.network.errors import NetworkError
from mk8s_agent.policy.model import KINDS, POLICIES, PolicyModel
from mk8s_agent.policy.reading import closed, read
from mk8s_agent.policy.values import Policy
from mk8s_agent.proxy.fixed import Family
from mk8s_agent.proxy.parts import Part

log = logging.getLogger(__name__)

_PATIENCE = 30.0
Report = Callable[[dict[str, Any], str, str, str], None]
"""Tells of an event: the involved object, its type, reason and message."""


class Table(Protocol):
    """What the parts go into, see `mk8s_agent.proxy.keeper`."""

    def add_source(
        self, kind: str, source: Any, refused: Callable[[Key, str], None] | None = None
    ) -> None:
        """Take parts of this kind from `source`; `refused` hears of those that cannot be had."""

    def changed(self, kind: str, key: Key) -> None:
        """What the source has for `key` may have changed."""

    async def settled(self) -> None:
        """Wait until the kernel has taken over all changes told so far."""


class _Source:
    """One kind of owners of parts."""

    def __init__(self, kind: str, model: PolicyModel) -> None:
        self._kind = kind
        self._model = model

    def known(self) -> list[Key]:
        """All owners of the kind."""
        return self._model.known(self._kind)

    def parts(self, key: Key) -> dict[str, Part]:
        """What one of them has in the table."""
        return self._model.parts(self._kind, key)


class PolicyEnforcer:
    """Enforces all policies on the pods of node `node`."""

    def __init__(
        self,
        node: str,
        families: Iterable[Family],
        assignments: Assignments,
        table: Table,
        report: Report,
    ) -> None:
        self._node = node
        self._assignments = assignments
        self._table = table
        self._report = report
        self._model = PolicyModel(tuple(families), table.changed)
        self._own: dict[Key, PeerPod] = {}
        self._holders: dict[str, Key] = {}
        self._met: dict[Key, str] = {}
        self._adopted: set[Key] = set()
        for kind in KINDS:
            refused = self._kernel_refuses if kind == POLICIES else None
            table.add_source(kind, _Source(kind, self._model), refused)
        assignments.subscribe(self._notice)

    async def admit(self, pod: Pod, *addresses: str) -> None:
        """Have all policies hold for the pod, which is about to get these addresses.

        Raises NetworkError when that takes too long.
        """
        try:
            async with asyncio.timeout(_PATIENCE):
                await self._assignments.synced.wait()
                if (peer := peer_at(pod, addresses)) is not None:
                    self._take(peer)
                if self._model.any:
                    await self._table.settled()
        except TimeoutError:
            raise NetworkError(
                "the network policies of the pod's namespace are not in force on this node yet:"
                " the agent's log says what the kernel refuses"
            ) from None

    def release(self, address: str) -> None:
        """Nobody has this address any more."""
        if (key := self._holders.get(address)) is not None:
            self._drop(key)

    def _take(self, peer: PeerPod) -> None:
        """An address belongs to the pod that was the last to get it."""
        key = _own_key(peer)
        for address in peer.ips:
            holder = self._holders.setdefault(address, key)
            if holder != key:
                self._drop(holder)
                self._holders[address] = key
        self._own[key] = peer
        self._met[peer.namespace, peer.name] = peer.uid
        self._adopted.discard(key)
        self._model.set_pod(key, peer, here=True)

    def _drop(self, key: Key) -> None:
        for address in self._own.pop(key).ips:
            if self._holders.get(address) == key:
                del self._holders[address]
        self._adopted.discard(key)
        self._model.set_pod(key, None, here=True)

    def _notice(self, resource: str, key: Key) -> None:
        match resource:
            case "networkpolicies":
                policy = self._assignments.policies().get(key)
                self._model.set_policy(key, None if policy is None else self._read(policy.view))
            case "namespaces":
                namespace = self._assignments.namespaces().get(key)
                labels = None if namespace is None else namespace.view.metadata.labels
                self._model.set_namespace(key[1], labels)
            case "peers":
                peer = self._assignments.peers().get(key)
                elsewhere = peer is not None and peer.view.node != self._node
                self._model.set_pod(key, peer.view if peer and elsewhere else None, here=False)
            case "pods":
                pod = self._assignments.pods().get(key)
                self._own_changed(key, None if pod is None else pod.view)

    def _own_changed(self, name: Key, pod: Pod | None) -> None:
        """Labels of a pod may change; one of an earlier agent is found by what the API says of it.

        That counts until the pod's worker has looked at its network, or has ended it.
        """
        if pod is None:
            key = (name[0], f"{name[1]}/{self._met.pop(name, '')}")
            if key in self._adopted:
                self._drop(key)
            return
        key = (name[0], f"{name[1]}/{pod.metadata.uid}")
        if key in self._own:
            peer = peer_at(pod, self._own[key].ips)
            if peer is not None and peer != self._own[key]:
                self._own[key] = peer
                self._model.set_pod(key, peer, here=True)
            return
        peer = peer_of(pod) if self._met.get(name) != pod.metadata.uid else None
        if peer is not None and not self._holders.keys() & set(peer.ips):
            self._take(peer)
            self._adopted.add(key)

    def _read(self, policy: NetworkPolicy) -> Policy:
        try:
            return read(policy)
        except ValueError as error:
            self._refuse(policy, str(error))
            return closed(policy)

    def _kernel_refuses(self, key: Key, why: str) -> None:
        policy = self._assignments.policies().get(key)
        if policy is not None:
            self._refuse(policy.view, why)

    def _refuse(self, policy: NetworkPolicy, why: str) -> None:
        meta = policy.metadata
        involved = {
            "apiVersion": policy.api_version,
            "kind": policy.kind,
            "namespace": meta.namespace,
            "name": meta.name,
            "uid": meta.uid,
            "resourceVersion": meta.resource_version,
        }
        message = (
            f"node {self._node} cannot enforce this policy, so nothing but answers reaches or"
            f" leaves the pods that it selects: {why}"
        )
        log.error("network policy %s/%s: %s", meta.namespace, meta.name, message)
        self._report(involved, "Warning", "NotEnforceable", message)


def _own_key(peer: PeerPod) -> Key:
    """What tells a pod of this node from others, and from peers of the same name elsewhere."""
    return peer.namespace, f"{peer.name}/{peer.uid}"
