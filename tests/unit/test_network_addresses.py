"""Which addresses pods get."""

from __future__ import annotations

import pytest
from mk8s_agent.network.addresses import AddressPool, node_address
from mk8s_agent.network.errors import AddressesExhausted


def test_the_first_address_is_the_nodes() -> None:
    assert node_address("10.244.3.0/24") == "10.244.3.1"


def test_pods_get_neither_the_network_nor_the_node_nor_the_broadcast_address() -> None:
    pool = AddressPool("10.244.0.0/29")
    used: set[str] = set()
    for _ in range(5):
        used.add(pool.allocate(used))
    assert used == {f"10.244.0.{n}" for n in (2, 3, 4, 5, 6)}


def test_an_address_that_was_freed_is_used_again_last() -> None:
    pool = AddressPool("10.244.0.0/29")
    first = pool.allocate(set())
    given = [pool.allocate(set()) for _ in range(5)]
    assert given[-1] == first
    assert len(set(given)) == 5


def test_a_pool_made_after_a_restart_goes_on_after_what_exists() -> None:
    pool = AddressPool("10.244.0.0/24")
    assert pool.allocate({"10.244.0.2", "10.244.0.9", "172.17.0.200"}) == "10.244.0.10"


def test_an_address_in_use_is_never_given() -> None:
    pool = AddressPool("10.244.0.0/29")
    assert pool.allocate({"10.244.0.6", "10.244.0.2"}) == "10.244.0.3"


def test_a_full_range_says_so_with_a_way_out() -> None:
    pool = AddressPool("10.244.0.0/30")
    with pytest.raises(
        AddressesExhausted, match=r"all 1 pod addresses of 10.244.0.0/30 are in use"
    ):
        pool.allocate({"10.244.0.2"})


def test_a_range_without_room_is_refused() -> None:
    with pytest.raises(ValueError, match="no room for pods"):
        AddressPool("10.244.0.0/31")
