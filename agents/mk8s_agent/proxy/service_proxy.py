"""Keeps the kernel's rules as the Services and EndpointSlices say.

Owns the loop: what changed is collected, diffed and applied at once. Decides nothing about rules.
"""

import asyncio
import logging
from typing import Protocol

from minikube8s.api.views import Pod
from minikube8s.kit.backoff import Backoff
from mk8s_agent.assignments import Assignments, Key
from mk8s_agent.proxy import host_ports, stale
from mk8s_agent.proxy.desired import PortKey, ServicePort, service_ports
from mk8s_agent.proxy.monitor import Commit, commits
from mk8s_agent.proxy.nftables import Nftables, NftablesError, table_name
from mk8s_agent.proxy.table import ServiceTable, TableConfig

log = logging.getLogger(__name__)

_RETRY = Backoff(initial=0.1, maximum=30.0)
_RESTORE_PAUSE_SECONDS = 1.0
"""Somebody who keeps deleting the table gets it back once a second, not in a busy loop."""


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


class ServiceProxy:
    """Serves all Services on this node. Creating one raises NftablesMissing."""

    def __init__(self, config: ProxyConfig, assignments: Assignments) -> None:
        self._config = TableConfig(
            config.cluster, config.node, config.cluster_cidr, config.service_cidr
        )
        self._assignments = assignments
        self._nft = Nftables()
        self._table = ServiceTable(self._config)
        self._wake = asyncio.Event()
        self._dirty: set[Key] = set()
        self._replace_table = True
        self._stale: list[stale.Flow] = []
        self._slices: dict[Key, set[Key]] = {}
        self._service_of: dict[Key, Key] = {}
        self._host_ports: dict[str, dict[PortKey, ServicePort]] = {}

    async def run(self) -> None:
        """Apply changes as they come; an eternal task.

        Until the first complete sync the rules stay as an earlier agent left them. Then the whole
        table is replaced in one transaction; connections that exist are not touched by it.
        """
        await self._assignments.synced.wait()
        unsubscribe = self._assignments.subscribe(self._changed)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._watch())
                group.create_task(self._serve())
        finally:
            unsubscribe()

    @staticmethod
    def check(pod: Pod) -> None:
        """Make sure that no other program has the pod's ports of the node. Raises NetworkError."""
        host_ports.check(pod)

    def open(self, pod: Pod, address: str) -> None:
        """Let the pod's ports of the node lead to its address from now on."""
        self._set_host_ports(pod.metadata.uid, host_ports.host_ports(pod, address))

    def shut(self, uid: str) -> None:
        """Let no port of the node lead to the pod any more."""
        self._set_host_ports(uid, {})

    def _set_host_ports(self, uid: str, ports: dict[PortKey, ServicePort]) -> None:
        if ports == self._host_ports.get(uid, {}):
            return
        self._host_ports[uid] = ports
        self._dirty.add((host_ports.NAMESPACE, uid))
        self._wake.set()

    async def close(self) -> None:
        """End the nftables thread; the rules stay and go on working."""
        await self._nft.close()

    @staticmethod
    async def remove_everything(cluster: str) -> None:
        """Delete the cluster's table; that there is none is fine. Raises NftablesError."""
        nft = Nftables()
        table = f"ip {table_name(cluster)}"
        try:
            await nft.run(f"add table {table}\ndelete table {table}\n")
        finally:
            await nft.close()

    async def _serve(self) -> None:
        self._take_all()
        failures = 0
        while True:
            self._wake.clear()
            if await self._sync():
                failures = 0
                await self._wake.wait()
            else:
                await asyncio.sleep(_RETRY.delay(failures))
                failures += 1

    def _changed(self, resource: str, key: Key) -> None:
        if resource == "services":
            self._dirty.add(key)
        elif resource == "endpointslices":
            self._slice_changed(key)
        else:
            return
        self._wake.set()

    def _slice_changed(self, key: Key) -> None:
        former = self._service_of.pop(key, None)
        if former is not None:
            self._slices[former].discard(key)
            self._dirty.add(former)
        assigned = self._assignments.endpointslices().get(key)
        if assigned is None or not assigned.view.service_name:
            return
        service = (key[0], assigned.view.service_name)
        self._service_of[key] = service
        self._slices.setdefault(service, set()).add(key)
        self._dirty.add(service)

    def _take_all(self) -> None:
        self._replace_table = True
        for key in self._assignments.endpointslices():
            self._slice_changed(key)
        self._dirty.update(self._assignments.services())
        for assigned in self._assignments.pods().values():
            self._adopt_host_ports(assigned.view)
        self._dirty.update((host_ports.NAMESPACE, uid) for uid in self._host_ports)
        self._dirty.update((key.namespace, key.service) for key in self._table.keys)

    def _adopt_host_ports(self, pod: Pod) -> None:
        """Serve a pod of an earlier agent until its worker has looked at its network."""
        if pod.metadata.uid not in self._host_ports and pod.status.pod_ip and not pod.terminal:
            self.open(pod, pod.status.pod_ip)

    async def _sync(self) -> bool:
        """Bring the kernel up to date; false when it refused: then all is replaced next time."""
        changes = self._collect()
        self._stale += stale.flows((self._table.port(key), new) for key, new in changes.items())
        update = self._table.update(changes)
        replace, self._replace_table = self._replace_table, False
        try:
            if replace:
                await self._nft.run(self._table.full())
            else:
                for transaction in update.transactions():
                    await self._nft.run(transaction)
        except NftablesError as error:
            self._replace_table = True
            log.error("Services are not up to date on this node: %s", error)
            return False
        found, self._stale = self._stale, []
        await stale.forget(found)
        return True

    def _collect(self) -> dict[PortKey, ServicePort | None]:
        """The ports of all Services that changed since the last call."""
        dirty, self._dirty = self._dirty, set()
        changes: dict[PortKey, ServicePort | None] = {
            key: None for key in self._table.keys if (key.namespace, key.service) in dirty
        }
        slices = self._assignments.endpointslices()
        for key in dirty:
            if key[0] == host_ports.NAMESPACE:
                changes |= self._host_ports[key[1]]
                if not self._host_ports[key[1]]:
                    del self._host_ports[key[1]]
                continue
            service = self._assignments.services().get(key)
            if service is not None:
                views = [slices[each].view for each in self._slices.get(key, ()) if each in slices]
                changes |= service_ports(service.view, views, self._config.node)
            elif not self._slices.get(key):
                self._slices.pop(key, None)
        return changes

    async def _watch(self) -> None:
        own = table_name(self._config.cluster)
        async for batch in commits():
            for commit in batch:
                if commit.thread != self._nft.thread_name and self._concerns(commit, own):
                    who = commit.thread or "another program"
                    log.warning("nftables table %s was changed by %s: putting it back", own, who)
                    self._replace_table = True
            if self._replace_table:
                self._wake.set()
                await asyncio.sleep(_RESTORE_PAUSE_SECONDS)

    @staticmethod
    def _concerns(commit: Commit, table: str) -> bool:
        return not commit.complete or table in commit.tables
