"""Who may speak for a node, and which node has an address: one machine each.

Owns what the agents that are connected claim, and the sentences for two that claim the same. A
machine that was copied after it joined shows the same certificate; machines behind a hypervisor's
NAT tell the same address. Whoever came first stays, so the two do not drive each other away; but
a copy that came first, because the machine was away for a moment, makes room for it.
"""

from collections.abc import Awaitable, Callable
from typing import NamedTuple
from urllib.parse import unquote

import grpc

from minikube8s.api.nodeclaims import ADDRESS_IN_USE, DUPLICATE
from minikube8s.kit.clock import Clock
from minikube8s.nodes.ending import Ending
from minikube8s.nodes.machines import Machine

_REMEMBERED = 3600.0
"""Seconds in which a machine that comes back is given its node, though another serves it."""


class Claim(NamedTuple):
    """Which node a machine claims to be. `peer` is where it dials from, for people."""

    node: str
    machine: Machine
    peer: str


class Refused(NamedTuple):
    """Why a claim is not granted: a reason for Events about `nodes`, and how its session ends."""

    reason: str
    nodes: tuple[str, ...]
    ending: Ending


class Former(NamedTuple):
    """The machine that a node was before another took its place, remembered `until` then."""

    machine: Machine
    until: float


class Claims:
    """What is claimed; `answers` asks the connected agent of a node whether it is still there.

    `known` tells which machine a node was the last time; for `patience` seconds after a session's
    end, and after the master's start, no other is let in.
    """

    def __init__(
        self,
        answers: Callable[[str], Awaitable[bool]],
        known: Callable[[str], Machine | None],
        clock: Clock,
        patience: float,
    ) -> None:
        self._answers = answers
        self._known = known
        self._clock = clock
        self._patience = patience
        self._held: dict[str, Claim] = {}
        self._by_address: dict[str, Claim] = {}
        self._began = clock.monotonic()
        self._left: dict[str, float] = {}
        self._former: dict[str, Former] = {}

    async def take(self, claim: Claim) -> Refused | None:
        """Grant a claim, until `give_up`, or say why not.

        An agent takes over from itself at once, and from another one that does not answer: so
        comes back a machine that ended without a word.
        """
        node = claim.node
        while (holder := self._held.get(node)) and holder.machine.agent != claim.machine.agent:
            answers = await self._answers(node)
            if self._held.get(node) is not holder:
                continue
            if answers and not self._is_back(claim, holder.machine):
                return _duplicate(holder, claim)
            break
        last = holder.machine if holder else self._known(node)
        if holder is None and last is not None and self._is_early(claim, last):
            return _too_early(claim, self._patience)
        for address in claim.machine.addresses:
            other = self._by_address.get(address)
            if other is not None and other.node != node:
                return _address_in_use(other, claim, address)
        if holder is not None:
            self.give_up(holder)
        if last is not None:
            self._remember(claim, last)
        self._held[node] = claim
        self._by_address |= dict.fromkeys(claim.machine.addresses, claim)
        return None

    def give_up(self, claim: Claim) -> None:
        """The agent has gone; harmless when another one took over."""
        if self._held.get(claim.node) is claim:
            del self._held[claim.node]
            self._left[claim.node] = self._clock.monotonic()
            for address in claim.machine.addresses:
                del self._by_address[address]

    def forget(self, node: str) -> None:
        """The Node is deleted: the next one of its name may be any machine."""
        self._former.pop(node, None)
        self._left.pop(node, None)

    def _is_early(self, claim: Claim, last: Machine) -> bool:
        """Whether the machine that the node was may still come back before this other one."""
        until = self._left.get(claim.node, self._began) + self._patience
        other = claim.machine.differs(last) and not self._is_back(claim, last)
        return other and self._clock.monotonic() < until

    def _is_back(self, claim: Claim, last: Machine) -> bool:
        """Whether this rather than the `last` is the machine that the node was before that."""
        former = self._former.get(claim.node)
        if former is None or self._clock.monotonic() > former.until:
            return False
        return claim.machine.likeness(former.machine) > last.likeness(former.machine)

    def _remember(self, claim: Claim, last: Machine) -> None:
        """Keep who was the node before one that may be a copy, until that one is back."""
        now = self._clock.monotonic()
        former = self._former.get(claim.node)
        back = self._is_back(claim, last)
        if former is not None and (back or now > former.until):
            del self._former[claim.node]
        if not back and not claim.machine.goes_on(last):
            self._former.setdefault(claim.node, Former(last, now + _REMEMBERED))


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


def _too_early(claim: Claim, patience: float) -> Refused:
    sentence = (
        f"node {claim.node} was another machine until now, which has {patience:g} s to come back "
        f"before the one at {host_of(claim.peer)} may be it"
    )
    return Refused(DUPLICATE, (), Ending(grpc.StatusCode.UNAVAILABLE, sentence))


def _address_in_use(other: Claim, claim: Claim, address: str) -> Refused:
    sentence = (
        f"nodes {other.node} and {claim.node} tell the same address, {address}, so {claim.node} is "
        "refused: nobody could reach the pods of both. Name the address by which the other nodes "
        "reach each machine with --node-ip, of `mk8s up` and `mk8s join`"
    )
    ending = Ending(grpc.StatusCode.FAILED_PRECONDITION, sentence)
    return Refused(ADDRESS_IN_USE, (other.node, claim.node), ending)
