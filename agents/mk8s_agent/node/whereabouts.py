"""By which address others reach this node: as it was told, or found by the way to the master.

A machine that boots has no network at first, and another address than before perhaps. So the
address is looked for again before every session, and when links, addresses or routes change. The
machine's own name is never resolved: many systems say that it is loopback.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable
from ipaddress import ip_address
from typing import NamedTuple

from minikube8s.kit.localaddresses import local_addresses
from mk8s_agent.node.machine import default_address, default_address_ipv6

log = logging.getLogger(__name__)

_RESOLVING = 5.0
"""Seconds that looking up the master's name may take; then the last answer counts."""


class Address(NamedTuple):
    """The node's addresses; the second is empty where it has no IPv6."""

    ipv4: str
    ipv6: str = ""


class Whereabouts:
    """The node's own addresses.

    `given` is what the configuration names: nothing, one address, or two with a comma between;
    `master` is host:port; `moved` hears of other addresses than before, `missing` why the given
    one cannot be this node's, and "" when it can.
    """

    def __init__(
        self,
        given: str,
        master: str,
        *,
        ipv6: bool,
        moved: Callable[[Address], None],
        missing: Callable[[str], None],
    ) -> None:
        self._ipv4, _, self._ipv6 = given.partition(",")
        self._wants_ipv6 = ipv6
        host, _, port = master.rpartition(":")
        self._host, self._port = host.strip("[]"), int(port)
        self._moved = moved
        self._missing = missing
        self._master = self._host if _is_address(self._host) else ""
        self.now = self._found()

    async def look(self) -> None:
        """Look where this node is now; a master that is known by name may have moved, too."""
        if self._ipv4:
            self._check()
        elif not _is_address(self._host):
            await self._resolve()
        found = self._found()
        if ip_address(found.ipv4).is_loopback:
            return  # a network that is away for a moment is no other place
        if found != self.now:
            log.info("the address of this node is %s now, no longer %s", found.ipv4, self.now.ipv4)
            self.now = found
            self._moved(found)

    def _check(self) -> None:
        """An address that was chosen stays, but other nodes must not send to where nobody is."""
        there = any(str(one.address) == self._ipv4 for one in local_addresses())
        self._missing(
            ""
            if there
            else f"its address {self._ipv4} is not on this machine (any more): give it back to the "
            "machine, or name another with --node-ip"
        )

    def _found(self) -> Address:
        ipv4 = self._ipv4 or _towards(self._master, self._port) or default_address()
        second = self._ipv6 or (default_address_ipv6() if self._wants_ipv6 else "")
        return Address(ipv4, second)

    async def _resolve(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(_RESOLVING):
                answers = await loop.getaddrinfo(
                    self._host, self._port, family=socket.AF_INET, type=socket.SOCK_STREAM
                )
        except OSError as error:  # TimeoutError is one
            log.debug("the master's name %s is not resolved: %s", self._host, error)
            return
        self._master = str(answers[0][4][0])


def _towards(host: str, port: int) -> str:
    """The address by which the kernel would send to a host that is another machine; else empty."""
    if not host or ip_address(host).version != 4 or ip_address(host).is_loopback:
        return ""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((host, port))
        except OSError:
            return ""
        return str(probe.getsockname()[0])


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
