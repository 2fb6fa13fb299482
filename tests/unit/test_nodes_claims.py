"""Who may speak for a node, and which node has an address."""

from __future__ import annotations

import grpc
import pytest

from minikube8s.nodes.claims import Claim, Claims, Refused, host_of


def claim(node: str, *addresses: str, instance: str = "first", peer: str = "p") -> Claim:
    return Claim(node, addresses, instance, peer)


def claims(*silent: str) -> Claims:
    """Agents answer when they are asked, but those of the `silent` nodes."""

    async def answers(node: str) -> bool:
        return node not in silent

    return Claims(answers)


async def taken(held: Claims, one: Claim) -> Refused:
    refused = await held.take(one)
    assert refused is not None
    return refused


async def test_a_second_agent_is_refused_while_the_first_answers() -> None:
    held = claims()
    assert await held.take(claim("a", "1", peer="ipv4:192.0.2.1:4000")) is None
    second = claim("a", "2", instance="second", peer="ipv6:%5B2001:db8::2%5D:4000")
    refused = await taken(held, second)
    assert refused.ending.code is grpc.StatusCode.ALREADY_EXISTS
    assert "at 192.0.2.1, which serves it" in refused.ending.sentence
    assert refused.nodes == ("a",)


async def test_an_agent_takes_over_from_itself_and_from_one_that_is_silent() -> None:
    for held, instance in ((claims(), "first"), (claims("a"), "second")):
        before = claim("a", "1")
        assert await held.take(before) is None
        after = claim("a", "2", instance=instance)
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
