"""Who may speak for a node, and which node has an address."""

from __future__ import annotations

from datetime import datetime

import grpc
import pytest

from minikube8s.nodes.claims import Claim, Claims, Refused, host_of
from minikube8s.nodes.machines import Machine

PATIENCE = 20.0


class Hand:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> datetime:
        raise AssertionError("the time of day is of no concern here")

    def monotonic(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        raise AssertionError("nothing sleeps here")


def claim(
    node: str,
    *addresses: str,
    agent: str = "first",
    boot: str = "boot",
    hardware: str = "metal",
    peer: str = "p",
) -> Claim:
    return Claim(node, Machine(agent, boot, hardware, addresses), peer)


def claims(*silent: str, known: Machine | None = None, clock: Hand | None = None) -> Claims:
    """Agents answer when they are asked, but those of the `silent` nodes."""

    async def answers(node: str) -> bool:
        return node not in silent

    return Claims(answers, lambda _: known, clock or Hand(), PATIENCE)


async def taken(held: Claims, one: Claim) -> Refused:
    refused = await held.take(one)
    assert refused is not None
    return refused


async def test_a_second_agent_is_refused_while_the_first_answers() -> None:
    held = claims()
    assert await held.take(claim("a", "1", peer="ipv4:192.0.2.1:4000")) is None
    second = claim("a", "2", agent="second", peer="ipv6:%5B2001:db8::2%5D:4000")
    refused = await taken(held, second)
    assert refused.ending.code is grpc.StatusCode.ALREADY_EXISTS
    assert "at 192.0.2.1, which serves it" in refused.ending.sentence
    assert refused.nodes == ("a",)


async def test_an_agent_takes_over_from_itself_and_from_one_that_is_silent() -> None:
    for held, agent in ((claims(), "first"), (claims("a"), "second")):
        before = claim("a", "1", "3")
        assert await held.take(before) is None
        after = claim("a", "2", "3", agent=agent)
        assert await held.take(after) is None
        held.give_up(before)  # its session ends later, and takes nothing from the new one
        assert await taken(held, claim("b", "2"))
        assert await held.take(claim("c", "1")) is None


async def test_an_address_is_one_nodes_until_that_has_gone() -> None:
    held = claims()
    one = claim("a", "1", "fd::1")
    assert await held.take(one) is None
    refused = await taken(held, claim("b", "2", "fd::1"))
    assert refused.ending.code is grpc.StatusCode.FAILED_PRECONDITION
    assert "nodes a and b tell the same address, fd::1" in refused.ending.sentence
    assert refused.nodes == ("a", "b")
    held.give_up(one)
    assert await held.take(claim("b", "2", "fd::1")) is None
    held.give_up(one)


ORIGINAL = claim("a", "1")
COPIES = {
    "on other hardware": claim("a", "2", agent="copy", boot="its own", hardware="other"),
    "on hardware that says the same": claim("a", "2", agent="copy", boot="its own"),
    "of which only the address tells": claim("a", "2", agent="copy", boot="its own", hardware=""),
    "that shares the kernel": claim("a", "2", agent="copy"),
}
RETURNS = {
    "the same agent": ORIGINAL,
    "an agent that started anew": claim("a", "1", agent="new"),
    "a machine that started anew": claim("a", "1", agent="new", boot="next"),
    "an agent with another address": claim("a", "3"),
}


@pytest.mark.parametrize(
    ("copy", "back"),
    [
        pytest.param(COPIES[one], RETURNS[other], id=f"{one}, {other}")
        for one in COPIES
        for other in RETURNS
        if (one, other) != ("that shares the kernel", "a machine that started anew")
    ],
)
@pytest.mark.parametrize("restarted", [True, False], ids=["after a restart of the master", "else"])
async def test_a_copy_that_comes_first_makes_room_for_the_machine(
    copy: Claim, back: Claim, restarted: bool
) -> None:
    clock = Hand()
    held = claims(known=ORIGINAL.machine, clock=clock)
    if not restarted:
        assert await held.take(ORIGINAL) is None
        held.give_up(ORIGINAL)
    first = await held.take(copy)
    if copy.machine.hardware == "other":
        # it is no doubt another one, which gets the node when the machine does not come back
        assert first is not None and first.ending.code is grpc.StatusCode.UNAVAILABLE
        assert "20 s to come back" in first.ending.sentence and not first.nodes
        clock.seconds = PATIENCE
        first = await held.take(copy)
    assert first is None
    assert await held.take(back) is None
    assert (await taken(held, copy)).ending.code is grpc.StatusCode.ALREADY_EXISTS
    # for good: whether the machine's agent starts anew, or the copy's
    assert await taken(held, copy._replace(machine=copy.machine._replace(agent="again")))
    held.give_up(copy)
    assert await taken(held, copy)


ELSEWHERE = COPIES["on other hardware"]


async def test_a_machine_has_its_time_to_come_back_after_each_sessions_end() -> None:
    clock = Hand()
    held = claims(known=ORIGINAL.machine, clock=clock)
    assert await held.take(ORIGINAL) is None
    clock.seconds = 1000
    held.give_up(ORIGINAL)
    clock.seconds += PATIENCE - 1
    assert (await taken(held, ELSEWHERE)).ending.code is grpc.StatusCode.UNAVAILABLE
    clock.seconds += 1
    assert await held.take(ELSEWHERE) is None
    # and the machine none to wait when that has gone
    held.give_up(ELSEWHERE)
    assert await held.take(ORIGINAL) is None


async def test_for_a_node_that_was_deleted_nobody_waits() -> None:
    clock = Hand()
    held = claims(known=ORIGINAL.machine, clock=clock)
    assert await held.take(ORIGINAL) is None
    clock.seconds = 1000
    held.give_up(ORIGINAL)
    held.forget("a")
    assert await held.take(ELSEWHERE) is None


async def test_from_a_machine_that_is_silent_any_other_takes_over_at_once() -> None:
    held = claims("a", known=ORIGINAL.machine)
    assert await held.take(ORIGINAL) is None
    assert await held.take(ELSEWHERE) is None


async def test_what_an_agent_answered_that_has_gone_since_counts_for_nothing() -> None:
    async def answers(_: str) -> bool:
        held.give_up(ORIGINAL)
        return True

    held = Claims(answers, lambda _: None, Hand(), PATIENCE)
    assert await held.take(ORIGINAL) is None
    assert await held.take(ELSEWHERE) is None


@pytest.mark.parametrize(("later", "back"), [(3500, True), (3700, False)])
@pytest.mark.parametrize("returned", [True, False])
async def test_each_machine_that_a_copy_displaces_is_remembered_for_an_hour(
    returned: bool, later: float, back: bool
) -> None:
    """The one before it is no longer: it has come back, or its time is over."""
    clock, quiet = Hand(), {"a"}

    async def answers(node: str) -> bool:
        return node not in quiet

    held = Claims(answers, lambda _: ORIGINAL.machine, clock, PATIENCE)
    assert await held.take(ORIGINAL) is None
    assert await held.take(ELSEWHERE) is None
    clock.seconds = 3500 if returned else 3700
    if returned:
        assert await held.take(ORIGINAL) is None
    assert await held.take(claim("a", "7", agent="third", boot="third", hardware="")) is None
    quiet.clear()
    clock.seconds += later
    refused = await held.take(ORIGINAL if returned else ELSEWHERE)
    assert (refused is None) is back


async def test_who_served_a_node_alone_for_an_hour_is_that_node() -> None:
    clock = Hand()
    held = claims(known=ORIGINAL.machine, clock=clock)
    clock.seconds = PATIENCE
    moved = COPIES["on other hardware"]
    assert await held.take(moved) is None
    clock.seconds += 3601
    assert await taken(held, ORIGINAL)
    held.give_up(moved)
    clock.seconds += PATIENCE
    assert await held.take(ORIGINAL) is None


async def test_a_copy_of_a_copy_does_not_count_as_the_machine() -> None:
    held = claims(known=ORIGINAL.machine)
    one = claim("a", "2", agent="one", boot="one")
    two = claim("a", "4", agent="two", boot="two")
    assert await held.take(one) is None
    held.give_up(one)
    held._known = lambda _: one.machine
    assert await held.take(two) is None
    assert await taken(held, one)
    assert await held.take(ORIGINAL) is None


async def test_a_node_that_is_deleted_may_be_any_machine() -> None:
    held = claims(known=ORIGINAL.machine)
    copy = COPIES["that shares the kernel"]
    assert await held.take(copy) is None
    held.forget("a")
    assert await taken(held, ORIGINAL)


@pytest.mark.parametrize(
    ("peer", "host"),
    [
        ("ipv4:192.0.2.1:40000", "192.0.2.1"),
        ("ipv6:[2001:db8::1]:40000", "2001:db8::1"),
        ("ipv6:%5B2001:db8::1%5D:40000", "2001:db8::1"),
        ("unix:", "unix:"),
    ],
)
def test_a_peer_is_told_by_its_address(peer: str, host: str) -> None:
    assert host_of(peer) == host
