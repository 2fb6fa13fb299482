"""The pods' network of one node, as the agent uses it.

Owns the network thread, in which all netlink work happens in order: namespaces are entered there,
never in the event loop's thread. Remembers nothing that the kernel does not know.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Protocol, TypeVar

from minikube8s.kit.localaddresses import announced_label
from minikube8s.kit.namelock import other_agents
from mk8s_agent.network import announcer, link_news, messages, names, node, peers, plugging
from mk8s_agent.network.addresses import paired
from mk8s_agent.network.announcing import Plan, Taken
from mk8s_agent.network.errors import NetworkError
from mk8s_agent.network.firewall import Firewall
from mk8s_agent.network.names import PluggedPod
from mk8s_agent.network.netlink import Netlink
from mk8s_agent.network.record import NetworkRecord
from mk8s_agent.network.routes import VXLAN, WRAPPING, Choice, Here, Overlay, Peer
from mk8s_agent.proxy.nftables import Nftables

T = TypeVar("T")


class NetworkConfig(Protocol):
    """The part of the agent's configuration that this package reads."""

    @property
    def cluster(self) -> str:
        """The cluster's name."""

    @property
    def cluster_cidr(self) -> str:
        """The range of all pods' addresses."""

    @property
    def service_cidr(self) -> str:
        """The range of the Services' addresses."""

    @property
    def lab_cidr(self) -> str:
        """The network of the nodes that a bridge of this one joins; empty: there are none."""

    @property
    def record_dir(self) -> Path:
        """Where is written down what this network namespace was before."""


class PodNetwork:
    """Plugs pods into the node's network. `setup` comes first, `close` last.

    Any method may raise NetworkError, whose message is for a pod's event. Creating one raises
    NftablesMissing where the nftables library is not installed.
    """

    def __init__(self, config: NetworkConfig) -> None:
        self._cluster = config.cluster
        self._service_cidrs = config.service_cidr.split(",")
        own = [*config.cluster_cidr.split(","), *self._service_cidrs]
        self._ranges_ipv6 = [one for one in own if ":" in one]
        self._record = NetworkRecord(config.record_dir)
        self._thread = ThreadPoolExecutor(1, "mk8s-network")
        self._nft = Nftables()
        ranges = [each for each in (*config.cluster_cidr.split(","), config.lab_cidr) if each]
        self._firewall = Firewall(self._nft, self._cluster, ranges)
        self._netlink: Netlink | None = None
        self._mtu = 0
        self._here = Here(self._cluster)

    async def setup(
        self, pod_cidr: str, overlay: Overlay | None = None, dns: str = "", pod_cidr_ipv6: str = ""
    ) -> None:
        """Make this network namespace a node whose pods live in `pod_cidr`. Idempotent.

        In a cluster of both families they live in `pod_cidr_ipv6`, too.
        `dns` is the address at which the node answers as the cluster's DNS; empty: at none.
        """
        overlay = overlay or Overlay()
        pod_cidrs = (pod_cidr, pod_cidr_ipv6) if pod_cidr_ipv6 else (pod_cidr,)
        here = Here(self._cluster, pod_cidrs, overlay)

        def prepare(netlink: Netlink) -> int:
            node.prepare(
                netlink,
                cluster=self._cluster,
                pod_cidrs=pod_cidrs,
                service_cidrs=self._service_cidrs,
                record=self._record,
                dns=dns,
            )
            return node.uplink_mtu(netlink)

        mtu = await self._call(prepare)
        self._here = here
        self._mtu = mtu - WRAPPING if overlay.mode == VXLAN else mtu
        await self._firewall.repair()

    async def reach(self, others: Sequence[Peer]) -> tuple[Choice, int]:
        """Make the routes to other nodes' pods be there, and none besides; proportional to what
        differs. Returns what was decided, and the VXLAN link's index, 0 without one.
        """
        if not self._here.subnets:
            return Choice(), 0
        return await self._call(
            partial(peers.reconcile, here=self._here, peers=others, record=self._record)
        )

    async def take(self, addresses: Set[str]) -> Plan:
        """Have these addresses of Services and no others; the plan tells which are new."""
        label = announced_label(self._cluster)
        return await self._call(partial(announcer.take, wanted=addresses, label=label))

    async def announce(self, taken: Sequence[Taken]) -> None:
        """Tell the links' other machines who has the addresses."""
        if taken:
            await self._call(lambda _: announcer.announce(taken))

    async def plug(
        self, pid: int, address: str, name: str, settings: Mapping[str, str] | None = None
    ) -> None:
        """Connect the network namespace of process `pid`, as `address`. Idempotent.

        In a cluster of both families the pod also gets the address that is `paired` with it. `name`
        is `namespace/pod`, `settings` what is set below /proc/sys/net in there. All or nothing:
        what fails half-way is undone.
        """
        subnets = self._here.subnets
        if not subnets:
            raise NetworkError("the node's network is not set up yet: call setup first")
        second = paired(address, subnets[0], subnets[1])[1] if len(subnets) > 1 else ""
        work = partial(
            plugging.plug,
            cluster=self._cluster,
            pid=pid,
            address=address,
            second=second,
            name=name,
            sources=self._here.sources,
            mtu=self._mtu,
            settings=settings or {},
        )
        await self._call(work)

    async def unplug(self, address: str) -> None:
        """Disconnect the pod that has `address`; a pod that is not connected is fine."""
        request = messages.delete_link(names.link_name(address))
        await self._call(lambda netlink: netlink.run([request]))

    async def plugged(self) -> set[PluggedPod]:
        """The pods of this cluster that are connected, read from the kernel."""
        return await self._call(self._plugged)

    async def repair(self) -> None:
        """Put the firewall's accept rules back, after the engine has rebuilt its own."""
        await self._firewall.repair()

    async def watch_firewall(self) -> None:
        """Repair whenever somebody changes the machine's firewall; an eternal task."""
        await self._firewall.watch()

    async def follow_links(self, lost: Callable[[str], None]) -> None:
        """Call `lost` with the address of each pod whose link is taken away; an eternal task.

        With an empty address when it may be any.
        """
        await link_news.follow(lost)

    async def teardown(self) -> None:
        """Remove all pods' links, the node's address and routes, the firewall's rules; restore
        settings. Goes on after a failure and raises the first one at the end.
        """
        failures: list[NetworkError | OSError] = []
        steps: list[Callable[[], Awaitable[object]]] = [
            self._firewall.remove,
            partial(self.take, frozenset()),
            partial(self._call, self._remove_links),
            partial(self._call, self._undo_node),
        ]
        for step in steps:
            try:
                await step()
            except (NetworkError, OSError) as error:
                failures.append(error)
        if failures:
            raise failures[0]

    async def close(self) -> None:
        """End the threads; the network stays as it is."""
        if self._netlink is not None:
            self._netlink.close()
        self._thread.shutdown(wait=False)
        await self._nft.close()

    @staticmethod
    async def remove_everything(config: NetworkConfig) -> None:
        """Remove what the cluster's agent ever made here, whether or not it still runs."""
        network = PodNetwork(config)
        try:
            await network.teardown()
        finally:
            await network.close()

    async def _call(self, work: Callable[[Netlink], T]) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, self._with_netlink, work)

    def _with_netlink(self, work: Callable[[Netlink], T]) -> T:
        if self._netlink is None:
            self._netlink = Netlink()
        return work(self._netlink)

    def _plugged(self, netlink: Netlink) -> set[PluggedPod]:
        found: set[PluggedPod] = set()
        for link in plugging.list_links(netlink):
            address = names.link_address(link.name)
            name = names.pod_of_alias(self._cluster, link.alias)
            if address is not None and name is not None:
                found.add(PluggedPod(address, name, link.name))
        return found

    def _remove_links(self, netlink: Netlink) -> None:
        pods = self._plugged(netlink)
        netlink.run([messages.delete_link(pod.link) for pod in pods])

    def _undo_node(self, netlink: Netlink) -> None:
        pods = any(names.link_address(link.name) for link in plugging.list_links(netlink))
        last = not pods and not other_agents(self._cluster)
        peers.undo(netlink, self._cluster)
        node.undo(
            netlink,
            cluster=self._cluster,
            ranges_ipv6=self._ranges_ipv6,
            record=self._record,
            last=last,
        )
