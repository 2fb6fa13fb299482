"""Which clusters have left something in this network namespace, whether or not they still work.

Only what bears a mark of mk8s counts: links by their alias, tables by their name, and what is
written down of the namespace.
"""

from __future__ import annotations

from collections.abc import Iterable

from mk8s_agent.network import plugging, record
from mk8s_agent.network.netlink import Netlink
from mk8s_agent.proxy.nftables import Nftables, cluster_of_table

_ALIASES = ("mk8s", "lab")
"""What the aliases of pods' links, and of a lab's, begin with; the cluster's name comes next."""


async def clusters(nft: Nftables) -> list[str]:
    """Their names. Raises NetworkError, NftablesError."""
    with Netlink() as netlink:
        aliases = [link.alias for link in plugging.list_links(netlink)]
    tables = [item["table"] for item in await nft.ask("list tables") if "table" in item]
    written = record.NetworkRecord(record.OF_MACHINE).clusters()
    return sorted(of_aliases(aliases) | of_tables(tables) | set(written))


def of_aliases(aliases: Iterable[str]) -> set[str]:
    """The clusters whose links these aliases mark."""
    parts = (alias.split("/") for alias in aliases)
    return {part[1] for part in parts if len(part) > 2 and part[0] in _ALIASES and part[1]}


def of_tables(tables: Iterable[dict[str, str]]) -> set[str]:
    """The clusters of these tables, as libnftables-json(5) describes them."""
    found = (cluster_of_table(one["name"]) for one in tables if one["family"] == "inet")
    return {one for one in found if one}
