"""Flows that still go where an endpoint was, or where no Service was yet.

Owns the decision which flows have to be forgotten: UDP has no end, so the kernel goes on
translating a busy flow to an address that is gone; SCTP's clients try the old way for long. TCP
notices by itself.
"""

import asyncio
import logging
from collections.abc import Iterable, Iterator

from mk8s_agent.network.conntrack import Address, Flow, forget
from mk8s_agent.network.errors import NetworkError
from mk8s_agent.proxy.desired import ServicePort
from mk8s_agent.proxy.parts import Part
from mk8s_agent.proxy.rules import PortPart

log = logging.getLogger(__name__)

_LASTING = ("udp", "sctp")


def flows(changes: Iterable[tuple[Part | None, Part | None]]) -> set[Flow]:
    """The flows to forget when these parts, before and after, have changed.

    Those to backends that are gone; those to addresses and ports that lead nowhere any more; and
    of addresses and ports that lead somewhere only now, those that went elsewhere until then. A new
    agent, which knows of no part before, forgets what has become wrong while there was none.
    """
    found: set[Flow] = set()
    for former, present in changes:
        before = former.port if isinstance(former, PortPart) else None
        after = present.port if isinstance(present, PortPart) else None
        found.update(_flows(before, after))
    return found


def _flows(before: ServicePort | None, after: ServicePort | None) -> Iterator[Flow]:
    port = after or before
    if port is None or port.protocol not in _LASTING:
        return
    version = 6 if port.ipv6 else 4
    led, leads = _destinations(before), _destinations(after)
    for place in led - leads:
        yield Flow(port.protocol, version, destination=place)
    serving = frozenset(_backends(after))
    for place in leads - led:
        yield Flow(port.protocol, version, destination=place, unless=serving)
    if led & leads:
        for backend in _backends(before) - serving:
            yield Flow(port.protocol, version, backend=backend)


def _destinations(port: ServicePort | None) -> set[Address]:
    """Where clients send to, as long as there is somebody to be led to."""
    if port is None or not port.backends:
        return set()
    addresses = (*port.cluster_ips, *port.external_ips, *port.load_balancer_ips)
    found: set[Address] = {(address, port.port) for address in addresses}
    return found | ({("", port.node_port)} if port.node_port else set())


def _backends(port: ServicePort | None) -> set[Address]:
    return {(each.address, each.port) for each in port.all_backends} if port else set()


class Forgetter:
    """Forgets flows beside the proxy's own work, which does not wait for it."""

    def __init__(self) -> None:
        self._waiting: set[Flow] = set()
        self._wake = asyncio.Event()

    def add(self, found: Iterable[Flow]) -> None:
        """Let these be forgotten soon."""
        self._waiting.update(found)
        if self._waiting:
            self._wake.set()

    async def run(self) -> None:
        """Forget what there is; an eternal task. A failure is logged: flows end by themselves."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            found, self._waiting = self._waiting, set()
            try:
                await asyncio.get_running_loop().run_in_executor(None, forget, found)
            except (NetworkError, OSError) as error:
                log.warning("UDP clients may still be sent to endpoints that are gone: %s", error)
