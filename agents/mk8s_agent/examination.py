"""`python -m mk8s_agent --examine`: what of this machine's kernel and network a node depends on.

Changes nothing that lasts: what has to be tried is tried in a network namespace of its own.
"""

from __future__ import annotations

import asyncio

import msgspec

from mk8s_agent.dns.ports import taken_everywhere
from mk8s_agent.dns.resolvconf import HostResolver
from mk8s_agent.network import firewall, probing, traces
from mk8s_agent.network.errors import NetworkError
from mk8s_agent.network.namespaces import new_namespace
from mk8s_agent.proxy import probing as nftables_probing
from mk8s_agent.proxy.nftables import Nftables, NftablesError


class Examination(msgspec.Struct, frozen=True, kw_only=True):
    """What was found, as JSON for who started the program.

    `problem` is why nothing could be tried. `missing` says by feature, the kernel's module or kind
    of link, why it cannot be had. `obstacles` are sentences. `resolvers` are whom the host asks,
    `names_taken` whether another program has the port of DNS everywhere. `clusters` are those that
    have left something in the kernel.
    """

    problem: str = ""
    missing: dict[str, str] = {}
    obstacles: list[str] = []
    resolvers: list[str] = []
    names_taken: bool = False
    clusters: list[str] = []


def examine() -> Examination:
    """Look, in a process that has no other threads yet."""
    resolvers = list(HostResolver().read().nameservers)
    taken = taken_everywhere()
    try:
        obstacles, clusters = asyncio.run(_look())
        with new_namespace():
            found = probing.missing() | asyncio.run(nftables_probing.missing())
    except (NetworkError, NftablesError) as error:
        return Examination(problem=str(error), resolvers=resolvers, names_taken=taken)
    return Examination(
        missing=found,
        obstacles=obstacles,
        resolvers=resolvers,
        names_taken=taken,
        clusters=clusters,
    )


async def _look() -> tuple[list[str], list[str]]:
    """What is in pods' way, and which clusters have something here."""
    nft = Nftables()
    try:
        return await firewall.found_obstacles(nft), await traces.clusters(nft)
    finally:
        await nft.close()
