"""Room for pods in a firewall that drops forwarded traffic, as Docker's engine sets one up.

Owns mk8s' accept rules in other people's chains: `DOCKER-USER`, which the engine keeps for this
purpose, else `FORWARD`. An accept in a table of our own would not help: a packet passes only when
every table lets it. Rules carry the comment `mk8s: <cluster>` and are found again by it.
"""

import asyncio
import logging
from collections.abc import Sequence
from typing import Any

from mk8s_agent.network import iptables_legacy
from mk8s_agent.network.errors import NetworkError
from mk8s_agent.network.names import LINK_PREFIX
from mk8s_agent.proxy.monitor import Commit, commits
from mk8s_agent.proxy.nftables import Nftables, NftablesError, is_cluster_table, quoted

log = logging.getLogger(__name__)

Chain = dict[str, Any]
"""A chain as libnftables-json(5) describes it."""

_FAMILIES = ("ip", "ip6")
_SETTLE_SECONDS = 0.1
"""An engine that starts makes dozens of changes; they are answered once."""


class Firewall:
    """Keeps forwarded traffic of pods accepted. One for a node and cluster.

    Pods of other nodes have no link here: what a node port sends to them, and what comes back, is
    known by `ranges`, that of all pods. A lab's network is another one: its nodes go out through
    this one, and where bridged packets are shown to the firewall, they meet here, too.
    """

    def __init__(self, nft: Nftables, cluster: str, ranges: Sequence[str]) -> None:
        self._nft = nft
        self._cluster = cluster
        self._ranges = ranges
        self._ipv4 = [each for each in ranges if ":" not in each]
        self._reported: set[str] = set()
        self._one_at_a_time = asyncio.Lock()

    async def repair(self) -> None:
        """Make the accept rules be where they have to be; changes nothing when they are.

        Raises NetworkError.
        """
        try:
            async with self._one_at_a_time:
                await self._repair()
        except NftablesError as error:
            raise NetworkError(f"cannot make room for pods in the firewall: {error}") from error

    async def _repair(self) -> None:
        chains = await _chains(self._nft)
        for family in _FAMILIES if self._ranges != self._ipv4 else _FAMILIES[:1]:
            target = docker_or_forward_chain(chains, family)
            if target is not None:
                await self._accept_in(target)
        await iptables_legacy.accept(self._cluster, self._ipv4)
        for sentence in obstacles(chains):
            if sentence not in self._reported:
                self._reported.add(sentence)
                log.warning("%s", sentence)

    async def watch(self) -> None:
        """Repair whenever somebody else has changed tables; an eternal task."""
        async for batch in commits():
            if any(self._concerns(commit) for commit in batch):
                await asyncio.sleep(_SETTLE_SECONDS)
                try:
                    await self.repair()
                except NetworkError as error:
                    log.warning("pods may be cut off: %s", error)

    def _concerns(self, commit: Commit) -> bool:
        """Whether somebody else changed a table that is not of some mk8s cluster."""
        foreign = commit.thread != self._nft.thread_name
        others = [name for name in commit.tables if not is_cluster_table(name)]
        return foreign and (not commit.complete or bool(others))

    async def remove(self) -> None:
        """Take the accept rules out again, wherever they are. Raises NetworkError."""
        try:
            async with self._one_at_a_time:
                await self._remove()
        except NftablesError as error:
            raise NetworkError(f"cannot remove rules from the firewall: {error}") from error
        await iptables_legacy.remove(self._cluster, self._ipv4)

    async def _remove(self) -> None:
        for chain in await _chains(self._nft):
            if chain["family"] in _FAMILIES and chain["name"] in ("DOCKER-USER", "FORWARD"):
                rules = await self._nft.ask(f"list chain {_path(chain)}")
                own = [handle for _, handle in self._own_rules(rules)]
                lines = [f"delete rule {_path(chain)} handle {handle}" for handle in own]
                if lines:
                    await self._nft.run("\n".join(lines) + "\n")

    async def _accept_in(self, chain: Chain) -> None:
        rules = await self._nft.ask(f"list chain {_path(chain)}")
        present = {match for match, _ in self._own_rules(rules)}
        lines = [
            f"insert rule {_path(chain)} {subject} {value}"
            f" counter accept comment {quoted(self._comment)}"
            for subject, value in self._accepted(chain["family"])
            if (subject, value) not in present
        ]
        if lines:
            await self._nft.run("\n".join(lines) + "\n")
            log.info("forwarding for pods accepted in chain %s", _path(chain))

    def _accepted(self, family: str) -> list[tuple[str, str]]:
        """What is accepted: (subject, value) as nft writes a match."""
        links = quoted(LINK_PREFIX + "*")
        ranges = [each for each in self._ranges if (":" in each) == (family == "ip6")]
        by_range = [(f"{family} {way}", each) for each in ranges for way in ("saddr", "daddr")]
        return [("iifname", links), ("oifname", links), *by_range]

    @property
    def _comment(self) -> str:
        return f"mk8s: {self._cluster}"

    def _own_rules(self, listing: list[dict[str, Any]]) -> list[tuple[tuple[str, str], int]]:
        """((subject, value), handle) of each of this cluster's rules in a listing."""
        rules = [item["rule"] for item in listing if "rule" in item]
        return [
            (_match(rule), rule["handle"]) for rule in rules if rule.get("comment") == self._comment
        ]


def docker_or_forward_chain(chains: list[Chain], family: str = "ip") -> Chain | None:
    """Where the accept rules belong among iptables-nft's chains; None when nothing is in the way.

    Without Docker's chain, `FORWARD` needs them only when its policy is to drop.
    """
    filters = {
        chain["name"]: chain
        for chain in chains
        if chain["family"] == family and chain["table"] == "filter"
    }
    forward = filters.get("FORWARD")
    if forward is None:
        return None
    if "DOCKER-USER" in filters:
        return filters["DOCKER-USER"]
    return forward if forward.get("policy") == "drop" else None


def obstacles(chains: list[Chain]) -> list[str]:
    """A sentence for each chain outside iptables that drops forwarded traffic by default."""
    return [
        f"the nftables chain {_path(chain)} drops forwarded traffic: pods will not reach anything"
        f" outside, nor be reached, until it accepts them, for example by:"
        f" nft insert rule {_path(chain)} iifname 'mk8s*' accept;"
        f" nft insert rule {_path(chain)} oifname 'mk8s*' accept"
        for chain in chains
        if chain["family"] in ("ip", "inet")
        and chain.get("hook") == "forward"
        and chain.get("policy") == "drop"
        and (chain["family"], chain["table"]) != ("ip", "filter")
    ]


def closed_doors(chains: list[Chain]) -> list[str]:
    """A sentence for each chain that drops by default what comes to the machine itself."""
    return [
        f"the nftables chain {_path(chain)} drops what is sent to this machine unless a rule"
        f" accepts it: pods will not reach the API, cluster DNS and the node, until it does, for"
        f" example by: nft insert rule {_path(chain)} iifname 'mk8s*' accept"
        for chain in chains
        if chain["family"] in ("ip", "inet")
        and chain.get("hook") == "input"
        and chain.get("policy") == "drop"
    ]


async def found_obstacles(nft: Nftables) -> list[str]:
    """The sentences about the present namespace. Raises NftablesError."""
    chains = await _chains(nft)
    return [*obstacles(chains), *closed_doors(chains)]


async def _chains(nft: Nftables) -> list[Chain]:
    return [item["chain"] for item in await nft.ask("list chains") if "chain" in item]


def _path(chain: Chain) -> str:
    return f"{chain['family']} {chain['table']} {chain['name']}"


def _match(rule: dict[str, Any]) -> tuple[str, str]:
    """What a rule looks at, and for what, as nft writes it: `ip saddr` and `10.244.0.0/16`."""
    for part in rule.get("expr", []):
        match = part.get("match", {}) if isinstance(part, dict) else {}
        left, right = match.get("left"), match.get("right")
        if isinstance(left, dict) and "meta" in left:
            return str(left["meta"]["key"]), quoted(str(right))
        if isinstance(left, dict) and "payload" in left:
            subject = f"{left['payload'].get('protocol')} {left['payload'].get('field')}"
            prefix = right.get("prefix", {}) if isinstance(right, dict) else {}
            return subject, f"{prefix.get('addr')}/{prefix.get('len')}" if prefix else str(right)
    return "", ""
