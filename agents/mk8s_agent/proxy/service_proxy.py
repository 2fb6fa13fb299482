"""Serves all Services on this node: puts the table's keeper and its sources together."""

import asyncio
from collections.abc import Mapping
from typing import Protocol

from minikube8s.api.views import Pod
from mk8s_agent.assignments import Assignments, Key
from mk8s_agent.proxy import health_checks, host_ports, node_addresses, services, stale
from mk8s_agent.proxy.fixed import TableConfig
from mk8s_agent.proxy.keeper import Change, TableKeeper
from mk8s_agent.proxy.nftables import Nftables
from mk8s_agent.proxy.parts import PartKey
from mk8s_agent.proxy.service_events import Events
from mk8s_agent.proxy.table import removal


class ProxyConfig(Protocol):
    """The part of the agent's configuration that this package reads."""

    @property
    def cluster(self) -> str:
        """The cluster's name."""

    @property
    def node(self) -> str:
        """This node's name."""

    @property
    def cluster_cidr(self) -> str:
        """The range of all pods' addresses."""

    @property
    def service_cidr(self) -> str:
        """The range of the Services' addresses."""

    @property
    def master(self) -> str:
        """Where the agent dials its master, host:port."""

    @property
    def lab_cidr(self) -> str:
        """The network of the nodes that go out through this one; empty: there are none."""


class ServiceProxy:
    """Serves all Services on this node. Creating one raises NftablesMissing."""

    def __init__(
        self, config: ProxyConfig, assignments: Assignments, events: Events | None = None
    ) -> None:
        table = TableConfig(
            config.cluster,
            config.node,
            config.cluster_cidr,
            config.service_cidr,
            config.lab_cidr,
        )
        self._assignments = assignments
        self._forgetter = stale.Forgetter()
        self._keeper = TableKeeper(table, self._applied)
        self._services = services.Services(
            table, config.master, assignments, self._service_changed, events
        )
        self._health_checks = health_checks.HealthChecks(
            self._services.health_check,
            lambda: self._keeper.up_to_date,
            self._services.no_health_check,
        )
        self._host_ports = host_ports.HostPorts(
            config.cluster_cidr, assignments, self._keeper.changed
        )
        self._nodes = node_addresses.NodeAddresses(assignments, self._keeper.changed)
        self._keeper.add_source(node_addresses.KIND, self._nodes)
        self._keeper.add_source(services.KIND, self._services, self._services.refused)
        self._keeper.add_source(host_ports.KIND, self._host_ports)

    @property
    def keeper(self) -> TableKeeper:
        """Takes parts from other sources into the same table."""
        return self._keeper

    async def run(self) -> None:
        """Apply changes as they come; an eternal task.

        Until the first complete sync the rules stay as an earlier agent left them.
        """
        await self._assignments.synced.wait()
        sources = (self._services, self._nodes)
        unsubscribes = [self._assignments.subscribe(source.notice) for source in sources]
        try:
            for key in self._assignments.services():
                self._health_checks.changed(key)
            async with asyncio.TaskGroup() as group:
                group.create_task(self._keeper.run())
                group.create_task(self._forgetter.run())
                group.create_task(self._health_checks.run())
        finally:
            for unsubscribe in unsubscribes:
                unsubscribe()

    @staticmethod
    def check(pod: Pod) -> None:
        """Make sure that no other program has the pod's ports of the node. Raises NetworkError."""
        host_ports.check(pod)

    def open(self, pod: Pod, address: str) -> None:
        """Let the pod's ports of the node lead to its address from now on."""
        self._host_ports.open(pod, address)

    def shut(self, uid: str) -> None:
        """Let no port of the node lead to the pod any more."""
        self._host_ports.shut(uid)

    async def close(self) -> None:
        """End the nftables thread; the rules stay and go on working."""
        await self._keeper.close()

    @staticmethod
    async def remove_everything(cluster: str) -> None:
        """Delete the cluster's table; that there is none is fine. Raises NftablesError."""
        nft = Nftables()
        try:
            await nft.run(removal(cluster))
        finally:
            await nft.close()

    def _service_changed(self, kind: str, key: Key) -> None:
        self._keeper.changed(kind, key)
        self._health_checks.changed(key)

    def _applied(self, changes: Mapping[PartKey, Change]) -> None:
        self._forgetter.add(stale.flows(changes.values()))
