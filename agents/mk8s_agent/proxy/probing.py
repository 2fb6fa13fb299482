"""Whether this kernel's nftables can do what Services need. Tried, in a namespace of its own."""

from collections.abc import Mapping

from mk8s_agent.proxy.nftables import Nftables, NftablesError

_DNAT = "type nat hook prerouting priority -101;"
_SNAT = "type nat hook postrouting priority 99;"
_FILTER = "type filter hook forward priority -1;"
_PARTS: Mapping[str, tuple[str, str]] = {
    "nf_tables": (_FILTER, "accept"),
    "nft_chain_nat": (_DNAT, "accept"),
    "nft_nat": (_DNAT, "dnat ip to 192.0.2.1"),
    "nft_masq": (_SNAT, "masquerade fully-random"),
    "nft_ct": (_FILTER, "ct state new accept"),
    "nft_fib_inet": (_DNAT, "fib daddr type local accept"),
    "nft_numgen": (_FILTER, "numgen random mod 2 vmap { 0 : accept, 1 : accept }"),
    "nft_reject_inet": (_FILTER, "reject with icmpx type port-unreachable"),
}
"""What is tried for each of the kernel's modules: a kind of chain, and a rule in it."""


async def missing() -> dict[str, str]:
    """Why what cannot be had cannot be had, by the kernel's module for it. Raises NftablesMissing.

    The calling thread has to be in a network namespace that nobody else uses.
    """
    nft, found = Nftables(), {}
    try:
        for module, (kind, rule) in _PARTS.items():
            chain = f"chain probe {{\n{kind}\n{rule}\n}}"
            try:
                await nft.run(f"table inet probe {{\n{chain}\n}}\n")
                await nft.run("delete table inet probe\n")
            except NftablesError as error:
                found[module] = str(error).splitlines()[0]
    finally:
        await nft.close()
    return found
