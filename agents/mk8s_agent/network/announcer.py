"""Keeps the addresses of Services on this node that it shall announce.

Owns the loop and the raw socket that the announcements leave by. Decides nothing.
"""

import asyncio
import logging
import socket
from collections.abc import Sequence, Set
from typing import Protocol

from minikube8s.kit.backoff import Backoff
from mk8s_agent.network import messages, route_news
from mk8s_agent.network.announcing import Plan, Taken, frames, plan
from mk8s_agent.network.errors import NetworkError
from mk8s_agent.network.netlink import Netlink

log = logging.getLogger(__name__)

_SETTLE_SECONDS = 0.05
_REPEATS = (0.2, 1.0)
"""Seconds until it is said again: nobody acknowledges an announcement."""
_RETRY = Backoff(initial=0.5, maximum=30.0)


class Network(Protocol):
    """Where addresses are taken, see `mk8s_agent.network.pods`."""

    async def take(self, addresses: Set[str]) -> Plan:
        """Have these addresses of Services and no others; the plan tells which are new."""
        ...

    async def announce(self, taken: Sequence[Taken]) -> None:
        """Tell the links' other machines who has the addresses."""
        ...


class Announcer:
    """The announced addresses of one node. Until it is told of them they stay as they are."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._wanted: frozenset[str] | None = None
        self._wake = asyncio.Event()
        self._elsewhere: tuple[str, ...] = ()

    def set_addresses(self, addresses: Set[str]) -> None:
        """Take over which addresses this node announces."""
        if addresses != self._wanted:
            self._wanted = frozenset(addresses)
            self._wake.set()

    async def run(self) -> None:
        """Take and give back addresses as they are told, and again when links change; eternal."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._apply())
            tasks.create_task(route_news.follow(self._changed, lambda: 0))

    def _changed(self) -> None:
        if self._wanted:
            self._wake.set()

    async def _apply(self) -> None:
        failures = 0
        unsaid: list[Taken] = []
        while True:
            await self._wake.wait()
            self._wake.clear()
            wanted = self._wanted or frozenset()
            try:
                made = await self._network.take(wanted)
                unsaid = [one for one in (*unsaid, *made.taken) if one.address in wanted]
                await self._network.announce(unsaid)
                said, unsaid = unsaid, []
                await self._repeat(said)
            except (NetworkError, OSError) as error:
                log.error("addresses of Services are not announced: %s", error)
                await asyncio.sleep(_RETRY.delay(failures))
                failures += 1
                self._wake.set()
            else:
                failures = 0
                self._tell(made.elsewhere)
                await asyncio.sleep(_SETTLE_SECONDS)

    async def _repeat(self, taken: Sequence[Taken]) -> None:
        """Say it again, unless something else is to be done first."""
        for pause in _REPEATS if taken else ():
            try:
                async with asyncio.timeout(pause):
                    await self._wake.wait()
            except TimeoutError:
                await self._network.announce(taken)
            else:
                return

    def _tell(self, elsewhere: tuple[str, ...]) -> None:
        for address in elsewhere:
            if address not in self._elsewhere:
                log.warning(
                    "the address %s cannot be announced: no link of this node has a network that"
                    " holds it; choose the pool of addresses from the nodes' own network",
                    address,
                )
        self._elsewhere = elsewhere


def take(netlink: Netlink, wanted: Set[str], label: str) -> Plan:
    """Change what differs. Blocking. Raises NetworkError."""
    addresses = [messages.read_address(body) for body in netlink.dump(messages.list_addresses())]
    links = [messages.read_link(body) for body in netlink.dump(messages.list_links())]
    made = plan(wanted, addresses, links, label)
    netlink.run(made.requests)
    return made


def announce(taken: Sequence[Taken]) -> None:
    """Send the announcements from the present network namespace. Blocking.

    Raises OSError for the first that cannot be sent, after all were tried.
    """
    failures: list[OSError] = []
    for one in taken:
        try:
            _send(one)
        except OSError as error:
            failures.append(error)
    if failures:
        raise failures[0]


def _send(taken: Taken) -> None:
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW | socket.SOCK_CLOEXEC) as channel:
        channel.bind((taken.link, 0))
        for frame in frames(taken):
            channel.send(frame)
