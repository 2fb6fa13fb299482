"""Has the node's policies enforced: hears of objects and of pods' addresses, and fills the table.

A pod's own node knows its address first. So a pod is isolated before it is connected, and stays so
until it is disconnected, whatever the API says of it meanwhile.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from minikube8s.api.peers import peer_at, peer_of
from minikube8s.api.views import NetworkPolicy, PeerPod, Pod
from mk8s_agent.assignments import Assignments, Key
from mk8s_agent.network.addresses import paired
from mk8s_agent.network.errors import NetworkError
from mk8s_agent.network.names import PluggedPod
from mk8s_agent.policy import KINDS, POLICIES
from mk8s_agent.proxy.fixed import Family
from mk8s_agent.proxy.parts import Part

if TYPE_CHECKING:
    from mk8s_agent.policy.model import PolicyModel
    from mk8s_agent.policy.values import Policy

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

    def __init__(self, kind: str, model: Callable[[], PolicyModel | None]) -> None:
        self._kind = kind
        self._model = model

    def known(self) -> list[Key]:
        """All owners of the kind."""
        model = self._model()
        return [] if model is None else model.known(self._kind)

    def parts(self, key: Key) -> dict[str, Part]:
        """What one of them has in the table."""
        model = self._model()
        return {} if model is None else model.parts(self._kind, key)


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
        self._families = tuple(families)
        self._model: PolicyModel | None = None
        self._own: dict[Key, PeerPod] = {}
        self._holders: dict[str, Key] = {}
        self._met: dict[Key, str] = {}
        self._adopted: set[Key] = set()
        for kind in KINDS:
            refused = self._kernel_refuses if kind == POLICIES else None
            table.add_source(kind, _Source(kind, lambda: self._model), refused)
        assignments.subscribe(self._notice)

    async def admit(self, pod: Pod, *addresses: str) -> None:
        """Have all policies hold for the pod, which is about to get these addresses.

        Raises NetworkError when that takes too long.
        """
        try:
            async with asyncio.timeout(_PATIENCE):
                await self._assignments.synced.wait()
                if (peer := peer_at(self._newest(pod), addresses)) is not None:
                    self._take(peer)
                if self._model is not None and self._model.any:
                    await self._table.settled()
        except TimeoutError:
            raise NetworkError(
                "the network policies of the pod's namespace are not in force on this node yet:"
                " the agent's log says what the kernel refuses"
            ) from None

    def adopt(self, plugged: Iterable[PluggedPod], cidrs: Sequence[str]) -> None:
        """Know the pods that an earlier agent connected: the API may not show their addresses yet.

        `cidrs` are the node's ranges of pods' addresses.
        """
        for one in plugged:
            namespace, _, name = one.name.partition("/")
            pod = self._assignments.pods().get((namespace, name))
            if pod is not None:
                addresses = paired(one.address, cidrs[0], *cidrs[1:2])
                self._adopt(peer_at(pod.view, addresses))

    def release(self, address: str) -> None:
        """Nobody has this address any more."""
        if (key := self._holders.get(address)) is not None:
            self._drop(key)

    def _newest(self, pod: Pod) -> Pod:
        """The pod as it is now, where the API knows it: its labels may have changed."""
        meta = pod.metadata
        found = self._assignments.pods().get((meta.namespace, meta.name))
        return found.view if found and found.view.metadata.uid == meta.uid else pod

    def _take(self, peer: PeerPod) -> None:
        """An address belongs to the pod that was the last to get it."""
        key = _own_key(peer)
        if key in self._own and self._own[key].ips != peer.ips:
            self._drop(key)
        for address in peer.ips:
            if (holder := self._holders.get(address, key)) != key:
                self._drop(holder)
            self._holders[address] = key
        self._own[key] = peer
        self._met[peer.namespace, peer.name] = peer.uid
        self._adopted.discard(key)
        self._tell(key, peer)

    def _adopt(self, peer: PeerPod | None) -> None:
        """Take a pod until its worker has looked at its network; nobody else has its addresses."""
        if peer is not None and not self._holders.keys() & set(peer.ips):
            self._take(peer)
            self._adopted.add(_own_key(peer))

    def _drop(self, key: Key) -> None:
        for address in self._own.pop(key).ips:
            self._holders.pop(address, None)
        self._adopted.discard(key)
        self._tell(key, None)

    def _tell(self, key: Key, peer: PeerPod | None) -> None:
        if self._model is not None:
            self._model.set_pod(key, peer, here=True)

    def _judging(self) -> PolicyModel:
        """The model, made when there is a policy: a node without any does without its code."""
        if self._model is None:
            from mk8s_agent.policy.model import PolicyModel  # noqa: PLC0415 - half a megabyte

            self._model = PolicyModel(self._families, self._table.changed)
            for key, peer in self._own.items():
                self._tell(key, peer)
        return self._model

    def _notice(self, resource: str, key: Key) -> None:
        match resource:
            case "networkpolicies":
                policy = self._assignments.policies().get(key)
                self._judging().set_policy(key, None if policy is None else self._read(policy.view))
            case "namespaces":
                namespace = self._assignments.namespaces().get(key)
                labels = None if namespace is None else namespace.view.metadata.labels
                self._judging().set_namespace(key[1], labels)
            case "peers":
                peer = self._assignments.peers().get(key)
                elsewhere = peer is not None and peer.view.node != self._node
                self._judging().set_pod(key, peer.view if peer and elsewhere else None, here=False)
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
                self._tell(key, peer)
        elif self._met.get(name) != pod.metadata.uid:
            self._adopt(peer_of(pod))

    def _read(self, policy: NetworkPolicy) -> Policy:
        from mk8s_agent.policy.reading import closed, read  # noqa: PLC0415 - as the model

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
