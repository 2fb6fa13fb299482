"""What tells the machine that a node is from another one."""

from __future__ import annotations

from typing import Any

import pytest

from minikube8s.nodes import machines
from minikube8s.nodes.machines import AGENT, Machine
from minikube8s.nodes.register import Introduction

ONE = Machine("agent", "boot", "metal", ("192.0.2.1", "fd00::1"))


@pytest.mark.parametrize(
    ("other", "goes_on", "differs"),
    [
        (ONE, True, False),
        # its agent went on while its address and the network changed, or started anew
        (ONE._replace(boot="next", hardware="", addresses=("192.0.2.9",)), True, False),
        (ONE._replace(agent="new"), True, False),
        (ONE._replace(agent="new", boot="next", addresses=("fd00::1",)), True, False),
        (ONE._replace(agent="new", hardware=""), True, False),
        # it may be a copy
        (ONE._replace(agent="new", addresses=("192.0.2.9",)), False, False),
        (ONE._replace(agent="new", boot="next", addresses=()), False, False),
        (ONE._replace(agent="new", boot="next", hardware=""), False, False),
        (Machine(), False, False),
        # it is another one, though it has taken the address
        (ONE._replace(agent="new", boot="next", hardware="other"), False, True),
        # hardware that two boots of one machine tell differently
        (ONE._replace(agent="new", hardware="other"), True, False),
    ],
)
def test_a_machine_goes_on_differs_or_is_in_doubt(
    other: Machine, goes_on: bool, differs: bool
) -> None:
    assert bool(ONE.goes_on(other)) is goes_on
    assert ONE.differs(other) is other.differs(ONE) is differs


def test_what_is_not_known_is_like_nothing() -> None:
    assert Machine().likeness(Machine()) == (False,) * 4
    assert not Machine().goes_on(Machine())
    assert not Machine().differs(Machine())


def test_the_one_who_shares_what_says_most_is_the_likelier() -> None:
    likely = [
        ONE._replace(boot="", hardware="", addresses=()),
        ONE._replace(agent=""),
        ONE._replace(agent="", hardware="", addresses=()),
        Machine(hardware="metal", addresses=ONE.addresses),
        Machine(hardware="metal"),
        Machine(addresses=("fd00::1",)),
        Machine(),
    ]
    ranks = [one.likeness(ONE) for one in likely]
    assert ranks == sorted(ranks, reverse=True)
    assert len(set(ranks)) == len(ranks)


def test_a_machine_is_told_by_its_hello_and_afterwards_by_its_node_and_lease() -> None:
    addresses = [{"type": "InternalIP", "address": one} for one in ONE.addresses]
    status: dict[str, Any] = {
        "nodeInfo": {"bootID": "boot", "systemUUID": "metal"},
        "addresses": [{"type": "Hostname", "address": "n1"}, *addresses],
    }
    hello = Introduction("n1", status, {}, (), instance="agent")
    assert machines.of_hello(hello) == ONE
    lease = {"metadata": {"annotations": {AGENT: "agent"}}}
    assert machines.of_node({"status": status}, lease) == ONE
    # made by hand, or by a version that told less
    for bare in ({"metadata": {}}, {"metadata": {"annotations": None}}):
        assert machines.of_node({}, bare) == Machine()
    assert machines.of_node({"status": {}}, lease) == Machine("agent")
