"""Writes Node objects as agents introduce themselves and report.

Owns the Node's labels from its agent, its pod addresses, its status and its Lease. What these
have to look like is `register`'s and `merging`'s; this writes, and only when something changed.
"""

import asyncio
import math
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from minikube8s.api.errors import ApiError
from minikube8s.api.resources import LEASES, NAMESPACES, NODES
from minikube8s.api.times import now_micro, now_rfc3339, parse_time
from minikube8s.api.views import Node
from minikube8s.kit.clock import Clock
from minikube8s.nodes import machines, register, taints
from minikube8s.nodes.blocks import Blocks
from minikube8s.nodes.config import NodesConfig
from minikube8s.nodes.machines import Machine
from minikube8s.nodes.outages import Outages, Zone, zone_of
from minikube8s.nodes.register import Introduction
from minikube8s.registry import Registry
from minikube8s.store.entry import Entry
from minikube8s.store.watching import Event

LEASE_NAMESPACE = "kube-node-lease"


class Registered(NamedTuple):
    """A node that may begin: its pod addresses, and whether its Node was made just now.

    `rebooted`: the machine has started anew since the Node was last told of.
    """

    pod_cidrs: tuple[str, ...]
    new: bool
    rebooted: bool


class Registration:
    """Creates and refreshes Nodes and their Leases."""

    def __init__(self, registry: Registry, clock: Clock, config: NodesConfig) -> None:
        self._registry = registry
        self._clock = clock
        self._config = config
        self._allocating = asyncio.Lock()
        self._blocks = tuple(
            Blocks(cidr, config.block_bits(cidr)) for cidr in config.cluster_cidr.split(",")
        )
        self._refresh_at: dict[str, datetime] = {}
        self._given: dict[str, tuple[str, ...]] = {}
        registry.observe(NODES, self._observe)
        self._outages = Outages()
        self._spared: frozenset[Zone] | None = None
        registry.observe(NODES, self._outages.observe)

    async def introduce(self, hello: Introduction) -> Registered:
        """Make the Node say what the agent says.

        Raises NoBlockLeft when no pod addresses are left: then nothing was written. Raises
        ApiError as the registry does.
        """
        # One node at a time: two new ones must not choose the same block.
        async with self._allocating:
            try:
                entry = self._registry.get(NODES, None, hello.node)
                pod_cidrs = _blocks_of(entry) or self._free_blocks()
                new, rebooted = False, register.was_rebooted(entry.object, hello)
                await self._registry.update(
                    NODES, None, hello.node,
                    lambda node: register.refreshed_node(node, hello, pod_cidrs),
                )  # fmt: skip
            except ApiError as error:
                if error.code != 404:
                    raise
                pod_cidrs, new, rebooted = self._free_blocks(), True, False
                now = now_rfc3339(self._clock.now())
                node = register.new_node(hello, pod_cidrs, now)
                await self._registry.create(NODES, None, node)
        await asyncio.gather(
            self.status(hello.node, hello.status), self._renew(hello.node, hello.instance)
        )
        return Registered(pod_cidrs, new, rebooted)

    def machine(self, node: str) -> Machine | None:
        """The machine that a node was when it was told of last; None for a new node."""
        try:
            found = self._registry.get(NODES, None, node)
            lease = self._registry.get(LEASES, LEASE_NAMESPACE, node)
        except ApiError:
            return None
        return machines.of_node(found.object, lease.object)

    async def status(self, node: str, reported: dict[str, Any]) -> None:
        """Write a reported v1.NodeStatus, and the taints that go with it.

        Raises ApiError: 404 when the Node was deleted.
        """
        now = self._clock.now()

        def refresh(obj: dict[str, Any]) -> dict[str, Any]:
            before = obj.get("status") or {}
            fresh = register.refreshed_status(before, reported, now_rfc3339(now))
            return obj if register.same_status(before, fresh) else {**obj, "status": fresh}

        await self._registry.update(NODES, None, node, refresh, "status")
        await self.settle_taints(node)

    async def settle_taints(self, node: str) -> None:
        """Make the Node's taints say what its conditions say.

        Those of all lost nodes, when their number now tells of something else; what could not be
        written then is written the next time.
        """
        await self._settle(node)
        spared = self._outages.spared()
        if spared == self._spared:
            return
        unwritten = False
        for lost in self._outages.lost():
            try:
                await self._settle(lost)
            except ApiError as error:
                unwritten |= error.code != 404
        if not unwritten:
            self._spared = spared

    async def _settle(self, node: str) -> None:
        now = now_rfc3339(self._clock.now())

        def settled(obj: dict[str, Any], view: Node) -> dict[str, Any]:
            spared = zone_of(view) in self._outages.spared()
            return taints.settled(obj, now, spared=spared)

        entry = self._registry.get(NODES, None, node)
        view = entry.view(Node)
        if settled(entry.object, view) != entry.object:
            await self._registry.update(NODES, None, node, lambda obj: settled(obj, view))

    async def heartbeat(self, node: str) -> None:
        """Renew the node's Lease; now and then the Node's heartbeat times too.

        Raises ApiError: 404 when the Node was deleted.
        """
        await self._renew(node)
        now = self._clock.now()
        entry = self._registry.get(NODES, None, node)
        if now < self._refresh_at.get(node, now):
            return
        times = [
            one.last_heartbeat_time
            for one in entry.view(Node).status.conditions
            if one.last_heartbeat_time
        ]
        oldest = min(times, default=None)
        if oldest is None:
            return
        self._refresh_at[node] = parse_time(oldest) + timedelta(seconds=self._config.status_refresh)
        if now < self._refresh_at[node]:
            return

        def beat(obj: dict[str, Any]) -> dict[str, Any]:
            status = obj["status"]
            for condition in status["conditions"]:
                condition["lastHeartbeatTime"] = now_rfc3339(now)
            return obj

        await self._registry.update(NODES, None, node, beat, "status")

    async def _renew(self, node: str, agent: str = "") -> None:
        """Write that the node lives, and which `agent` begins to say so."""
        renewed = now_micro(self._clock.now())

        def renew(lease: dict[str, Any]) -> dict[str, Any]:
            lease["spec"] = {
                **lease.get("spec", {}),
                "holderIdentity": node,
                "leaseDurationSeconds": math.ceil(self._config.grace),
                "renewTime": renewed,
            }
            if agent:
                metadata = lease["metadata"]
                metadata["annotations"] = {
                    **(metadata.get("annotations") or {}),
                    machines.AGENT: agent,
                }
            return lease

        try:
            await self._registry.update(LEASES, LEASE_NAMESPACE, node, renew)
        except ApiError as error:
            if error.code != 404:
                raise
            await self._create_lease(node, renew)

    async def _create_lease(
        self, node: str, renew: Callable[[dict[str, Any]], dict[str, Any]]
    ) -> None:
        owner = self._registry.get(NODES, None, node)
        lease = {
            "apiVersion": LEASES.api_version,
            "kind": LEASES.kind,
            "metadata": {
                "name": node,
                "namespace": LEASE_NAMESPACE,
                # The Lease goes with its Node.
                "ownerReferences": [
                    {"apiVersion": "v1", "kind": "Node", "name": node, "uid": owner.uid}
                ],
            },
        }
        try:
            await self._registry.create(LEASES, LEASE_NAMESPACE, renew(lease))
        except ApiError as error:
            if error.code != 404:
                raise
            namespace = {
                "apiVersion": "v1",
                "kind": "Namespace",
                "metadata": {"name": LEASE_NAMESPACE},
            }
            await self._registry.create(NAMESPACES, None, namespace)
            await self._registry.create(LEASES, LEASE_NAMESPACE, renew(lease))

    def _free_blocks(self) -> tuple[str, ...]:
        """A block of each of the cluster's ranges."""
        return tuple(blocks.free() for blocks in self._blocks)

    def _observe(self, event: Event) -> None:
        """Keep what blocks are in use as the Nodes say."""
        gone = event.type == "DELETED"
        before = self._given.pop(event.entry.name, ())
        now = () if gone else _blocks_of(event.entry)
        if gone:
            self._refresh_at.pop(event.entry.name, None)
        if now:
            self._given[event.entry.name] = now
        if now != before:
            for blocks in self._blocks:
                blocks.give_back(before)
                blocks.take(now)


def _blocks_of(node: Entry) -> tuple[str, ...]:
    spec = node.view(Node).spec
    return spec.pod_cidrs or ((spec.pod_cidr,) if spec.pod_cidr else ())
