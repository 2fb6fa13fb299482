"""UDP flows that still go where an endpoint was.

Owns the decision which flows have to be forgotten: UDP has no end, so the kernel goes on
translating a busy flow to an address that is gone. TCP notices by itself.
"""

import asyncio
import logging
from collections.abc import Iterable

from mk8s_agent.network.conntrack import Flow, forget_udp
from mk8s_agent.network.errors import NetworkError
from mk8s_agent.proxy.parts import Part
from mk8s_agent.proxy.rules import PortPart

log = logging.getLogger(__name__)

__all__ = ["Flow", "flows", "forget"]


def flows(changes: Iterable[tuple[Part | None, Part | None]]) -> list[Flow]:
    """The flows to forget: those to backends that are gone, and those that met no Service yet.

    `changes` are parts before and after. The second kind went to the node itself while the node
    port was nobody's.
    """
    found: list[Flow] = []
    for former, present in changes:
        before = former.port if isinstance(former, PortPart) else None
        after = present.port if isinstance(present, PortPart) else None
        port = after or before
        if port is None or port.protocol != "udp":
            continue
        old = set(before.all_backends) if before else set()
        new = set(after.all_backends) if after else set()
        found += [Flow(backend=(gone.address, gone.port)) for gone in sorted(old - new)]
        if new and not old and port.node_port:
            found.append(Flow(destination_port=port.node_port))
    return found


async def forget(found: list[Flow]) -> None:
    """Delete the flows from the kernel's table; a failure is logged: they end by themselves."""
    if not found:
        return
    try:
        await asyncio.get_running_loop().run_in_executor(None, forget_udp, found)
    except (NetworkError, OSError) as error:
        log.warning("UDP clients may still be sent to endpoints that are gone: %s", error)
