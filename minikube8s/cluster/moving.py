"""Owns that a master which listens everywhere follows the addresses of its machine.

When one comes its certificate names it, and what others are told of the API's address is what it is
now. The kernel says when to look.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable, Iterable

from minikube8s.api.errors import ApiError
from minikube8s.cluster import addresses
from minikube8s.cluster.config import Settings
from minikube8s.cluster.errors import ClusterError
from minikube8s.kit import kernelnews
from minikube8s.kit.backoff import Backoff
from minikube8s.kit.clock import Clock

log = logging.getLogger(__name__)

_RTMGRP_IPV4_IFADDR, _RTMGRP_IPV4_ROUTE = 0x10, 0x40
_SETTLING = 0.5
"""Seconds in which a network that changes is looked at once."""
_AGAIN = Backoff(initial=1.0, maximum=60.0)


class Moving:
    """What is known of the machine's addresses.

    `named` are those of the serving certificate, `published` is what others are told. `certify`
    makes a certificate for all that there are, and has it used; `publish` tells another address.
    """

    def __init__(
        self,
        settings: Settings,
        named: Iterable[str],
        published: str,
        certify: Callable[[], Awaitable[None]],
        publish: Callable[[str], Awaitable[None]],
    ) -> None:
        self._settings = settings
        self._named = frozenset(named)
        self._published = published
        self._certify = certify
        self._publish = publish

    async def follow(self, clock: Clock) -> None:
        """Look now and whenever addresses or routes have changed; never ends by itself."""
        changed = asyncio.Event()
        changed.set()
        listening = asyncio.create_task(_listen(changed), name="moving/listen")
        failures = 0
        try:
            while True:
                await changed.wait()
                changed.clear()
                try:
                    await self.look()
                    failures = 0
                except (ApiError, ClusterError, OSError) as error:
                    log.warning("this machine's addresses have changed, but %s", error)
                    await clock.sleep(_AGAIN.delay(failures))
                    failures += 1
                    changed.set()
                await clock.sleep(_SETTLING)
        finally:
            listening.cancel()

    async def look(self) -> None:
        """Do what other addresses ask for. Raises ApiError, ClusterError, OSError."""
        own = addresses.own(self._settings)
        if not own:
            return  # a network that is away for a moment is no other place
        wanted = frozenset(addresses.served(self._settings))
        if more := wanted - self._named:
            await self._certify()
            self._named = wanted
            log.info("the API's certificate names %s, too", ", ".join(sorted(more)))
        if (told := addresses.published(self._settings, own)) != self._published:
            await self._publish(told)
            self._published = told
            log.info("others find the API at %s now", told)


async def _listen(changed: asyncio.Event) -> None:
    groups = _RTMGRP_IPV4_IFADDR | _RTMGRP_IPV4_ROUTE
    async for waiting in kernelnews.batches(socket.NETLINK_ROUTE, groups):
        for _ in waiting:
            changed.set()
