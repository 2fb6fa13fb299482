"""Cluster DNS as the agent runs it: follows the Services, holds the port, says what is wrong.

Owns when the zone changes and when the port is taken. Decides nothing about names or answers.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
from collections.abc import Callable
from contextlib import suppress
from ipaddress import ip_address, ip_network
from random import SystemRandom
from typing import Protocol

from minikube8s.api.views import Service
from minikube8s.kit.backoff import Backoff
from minikube8s.kit.localaddresses import local_addresses
from mk8s_agent.assignments import Assignments, Key
from mk8s_agent.dns.forwarder import Forwarder
from mk8s_agent.dns.ports import PORT, bound
from mk8s_agent.dns.records import service_records, zone_records
from mk8s_agent.dns.resolvconf import HostResolver, upstreams
from mk8s_agent.dns.resolving import Resolving
from mk8s_agent.dns.sockets import Sockets
from mk8s_agent.dns.tcp import TcpServer
from mk8s_agent.dns.udp import UdpServer
from mk8s_agent.dns.zone import Zone
from mk8s_agent.slices import Slices

log = logging.getLogger(__name__)

_RETRY = Backoff(initial=0.5, maximum=30.0)
_STEP = 100
"""Services read before the rest of the agent has its turn."""


class DnsConfig(Protocol):
    """The part of the agent's configuration that this package reads."""

    @property
    def cluster_cidr(self) -> str:
        """The range of all pods' addresses."""

    @property
    def service_cidr(self) -> str:
        """The range of the Services' addresses."""


class ClusterDns:
    """Serves names on this node. `told` gets a sentence of what people have to put right."""

    def __init__(
        self,
        config: DnsConfig,
        assignments: Assignments,
        told: Callable[[str], None],
        sockets: Sockets,
        *,
        host: HostResolver | None = None,
        port: int = PORT,
        upstream_port: int = PORT,
    ) -> None:
        self._assignments = assignments
        self._told = told
        self._port = port
        self._upstream_port = upstream_port
        self._ranges = [*config.cluster_cidr.split(","), *config.service_cidr.split(",")]
        self._clients = [ip_network(one) for one in (*self._ranges, "127.0.0.0/8")]
        self._host = host or HostResolver()
        self._sockets = sockets
        self._wake = asyncio.Event()
        self._dirty: set[Key] = set()
        self._slices = Slices(assignments, self._touch)
        self._address = ""
        self._domain = ""
        self._moved = asyncio.Event()

    def serve(self, address: str) -> None:
        """Answer at `address`, which the node has from now on; empty: at none."""
        if address != self._address:
            self._address = address
            self._moved.set()

    async def run(self) -> None:
        """Answer from the first complete sync on; an eternal task."""
        unsubscribe = self._assignments.subscribe(self._changed)
        try:
            while True:
                self._moved.clear()
                await self._serve_until_moved()
        finally:
            unsubscribe()

    async def _serve_until_moved(self) -> None:
        address, cluster = self._address, self._assignments.cluster
        if not address or cluster is None:
            await self._moved.wait()
            return
        domain = cluster.cluster_domain or "cluster.local"
        bound = await self._bind(address)
        if bound is None:
            return
        zone = Zone(domain, self._ranges)
        zone.put("", zone_records(domain, address))
        forwarder = Forwarder(
            lambda: upstreams(self._host.read().nameservers, (address,)),
            self._sockets,
            SystemRandom(),
            port=self._upstream_port,
            told=self._told,
        )
        resolving = Resolving(zone, forwarder, self._may_ask)
        # Until the names are known queries wait in the sockets' buffers.
        await self._assignments.synced.wait()
        self._take_all()
        await self._update(zone, domain)
        udp, tcp = UdpServer(bound[0], resolving), TcpServer(resolving)
        try:
            await tcp.start(bound[1])
            log.info("DNS answers at %s", address)
            async with asyncio.TaskGroup() as group:
                keeper = group.create_task(self._follow(zone, domain))
                await self._moved.wait()
                keeper.cancel()
        finally:
            await udp.close()
            await tcp.close()
            await forwarder.close()

    async def _bind(self, address: str) -> tuple[socket.socket, socket.socket] | None:
        """The sockets, once they can be had; None when the address has changed meanwhile."""
        failures = 0
        while not self._moved.is_set():
            try:
                return bound(address, self._port)
            except OSError as error:
                if not failures:
                    self._told(_not_bound(address, self._port, error))
                with suppress(TimeoutError):
                    async with asyncio.timeout(_RETRY.delay(failures)):
                        await self._moved.wait()
                failures += 1
        return None

    async def _follow(self, zone: Zone, domain: str) -> None:
        while True:
            await self._wake.wait()
            await self._update(zone, domain)

    async def _update(self, zone: Zone, domain: str) -> None:
        self._wake.clear()
        dirty, self._dirty = self._dirty, set()
        for count, key in enumerate(dirty):
            self._put(zone, domain, key)
            if count % _STEP == _STEP - 1:
                await asyncio.sleep(0)

    def _put(self, zone: Zone, domain: str, key: Key) -> None:
        assigned = self._assignments.services().get(key)
        if assigned is None:
            zone.put(key, ())
            return
        try:
            records = service_records(assigned.view, self._slices.of(key), domain)
        except ValueError as error:
            # One Service must not keep the names of all others from being known.
            log.error("%s/%s has no names in DNS: %s", *key, error)
            records = ()
        zone.put(key, records)

    def _changed(self, resource: str, key: Key) -> None:
        if resource == "services":
            self._dirty.add(key)
        elif resource == "endpointslices":
            self._slices.changed(key)
        else:
            return
        self._wake.set()

    def _touch(self, service: Key) -> None:
        """Only headless Services have names that depend on endpoints."""
        assigned = self._assignments.services().get(service)
        view: Service | None = assigned.view if assigned else None
        if view is None or view.spec.headless:
            self._dirty.add(service)

    def _take_all(self) -> None:
        self._slices.take_all()
        self._dirty.update(self._assignments.services())

    def _may_ask(self, client: str) -> bool:
        """Pods and this machine: nobody else's questions are passed on."""
        address = ip_address(client.partition("%")[0])
        if any(address in network for network in self._clients):
            return True
        return any(address == one.address for one in local_addresses())


def _not_bound(address: str, port: int, error: OSError) -> str:
    why = f"port {port} of {address} cannot be opened: {error.strerror}"
    if error.errno == errno.EADDRINUSE:
        why = (
            f"another program has port {port} on all addresses of this node: let it listen on its"
            f" own ones only, so that {address} is free"
        )
    return f"cluster DNS does not answer on this node: {why}"
