"""Pods' addresses over creations, ends, deaths and restarts of the agent: none leaks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mk8s_agent.network.errors import AddressesExhausted
from mk8s_agent.pods.node_context import Addresses

CIDR, SECOND = "10.244.3.0/28", "fd00:10:244:3::/64"
ROOM = 13
_STEPS = st.lists(
    st.tuples(st.sampled_from(["create", "die between", "end", "restart"]), st.integers(0, 19)),
    max_size=80,
)


class Node:
    """An agent's addresses, and what an engine would have: sandboxes with their labels."""

    def __init__(self, second: str) -> None:
        self.second = second
        self.labels: dict[str, tuple[str, ...]] = {}
        self.restart()

    def restart(self) -> None:
        """Nothing in memory survives; what runs says which addresses it has."""
        self.addresses = Addresses()
        for uid, addresses in self.labels.items():
            self.addresses.adopt(uid, *addresses)
        self.addresses.set_ranges(CIDR, self.second)


@given(_STEPS, st.sampled_from(["", SECOND]))
def test_no_address_leaks_and_none_is_given_twice(
    steps: list[tuple[str, int]], second: str
) -> None:
    node = Node(second)
    for step, number in steps:
        uid = f"pod{number}"
        match step:
            case "create" | "die between":
                try:
                    given_now = node.addresses.allocate(uid)
                except AddressesExhausted:
                    assert len(node.labels) == ROOM
                    continue
                if step == "create":
                    node.labels[uid] = given_now
                elif uid not in node.labels:
                    # the agent was killed after it chose and before there was a container
                    node.restart()
            case "end":
                node.labels.pop(uid, None)
                node.addresses.release(uid)
            case "restart":
                node.restart()
        taken = [one for addresses in node.labels.values() for one in addresses]
        assert len(taken) == len(set(taken))
        assert all(node.addresses.all_of(uid) == own for uid, own in node.labels.items())
    free = ROOM - len(node.labels)
    fresh = {node.addresses.allocate(f"new{number}") for number in range(free)}
    assert len(fresh) == free
    with pytest.raises(AddressesExhausted, match="give the cluster a larger pod range"):
        node.addresses.allocate("one too many")
