"""Who may speak for a node, and which node has an address: one machine each.

Owns what the agents that are connected claim, and the sentences for two that claim the same. A
machine that was copied after it joined shows the same certificate; machines behind a hypervisor's
NAT tell the same address. Whoever came first stays, so the two do not drive each other away.
"""

from collections.abc import Awaitable, Callable
from typing import NamedTuple
from urllib.parse import unquote

import grpc

from minikube8s.api.nodeclaims import ADDRESS_IN_USE, DUPLICATE
from minikube8s.nodes.ending import Ending


class Claim(NamedTuple):
    """What an agent claims: its node and addresses. `peer` is where it dials from, for people."""

    node: str
    addresses: tuple[str, ...]
    instance: str
    peer: str


class Refused(NamedTuple):
    """Why a claim is not granted: a reason for Events about `nodes`, and how its session ends."""

    reason: str
    nodes: tuple[str, ...]
    ending: Ending


class Claims:
    """What is claimed; `answers` asks the connected agent of a node whether it is still there."""

    def __init__(self, answers: Callable[[str], Awaitable[bool]]) -> None:
        self._answers = answers
        self._held: dict[str, Claim] = {}
        self._by_address: dict[str, Claim] = {}

    async def take(self, claim: Claim) -> Refused | None:
        """Grant a claim, until `give_up`, or say why not.

        An agent takes over from itself at once, and from another one that does not answer: so
        comes back a machine that ended without a word.
        """
        before = self._held.get(claim.node)
        other_agent = before is not None and before.instance != claim.instance
        if before is not None and other_agent and await self._answers(claim.node):
            return _duplicate(before, claim)
        for address in claim.addresses:
            other = self._by_address.get(address)
            if other is not None and other.node != claim.node:
                return _address_in_use(other, claim, address)
        if (before := self._held.get(claim.node)) is not None:
            self.give_up(before)
        self._held[claim.node] = claim
        self._by_address |= dict.fromkeys(claim.addresses, claim)
        return None

    def give_up(self, claim: Claim) -> None:
        """The agent has gone; harmless when another one took over."""
        if self._held.get(claim.node) is claim:
            del self._held[claim.node]
            for address in claim.addresses:
                del self._by_address[address]


def host_of(peer: str) -> str:
    """The address in what gRPC calls a peer, such as `ipv4:192.0.2.1:40000`."""
    return unquote(peer).partition(":")[2].rpartition(":")[0].strip("[]") or peer


def _duplicate(before: Claim, claim: Claim) -> Refused:
    sentence = (
        f"two machines show the certificate of node {claim.node}: one at {host_of(before.peer)}, "
        f"which serves it, and one at {host_of(claim.peer)}, which is refused. One is a copy of "
        "the other: run `mk8s down --purge` on the copy, then join it under a name of its own "
        "(--node-name)"
    )
    ending = Ending(grpc.StatusCode.ALREADY_EXISTS, sentence)
    return Refused(DUPLICATE, (claim.node,), ending)


def _address_in_use(other: Claim, claim: Claim, address: str) -> Refused:
    sentence = (
        f"nodes {other.node} and {claim.node} tell the same address, {address}, so {claim.node} is "
        "refused: nobody could reach the pods of both. Name the address by which the other nodes "
        "reach each machine with --node-ip, of `mk8s up` and `mk8s join`"
    )
    ending = Ending(grpc.StatusCode.FAILED_PRECONDITION, sentence)
    return Refused(ADDRESS_IN_USE, (other.node, claim.node), ending)
