"""How other nodes' pods are reached, and what that changes in the kernel."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mk8s_agent.network.names import tunnel_name, tunnel_network
from mk8s_agent.network.peer_messages import Hop, Neighbour, Tunnel, Way
from mk8s_agent.network.routes import (
    Crossing,
    Here,
    Overlay,
    Peer,
    State,
    changes,
    choose,
    tunnel_changes,
    tunnel_wanted,
    wanted_state,
)

UPLINK, TUNNEL = 2, 9
TWO = Peer("two", ("10.244.1.0/24",), ("192.0.2.2",))
FAR = Peer("far", ("10.244.7.0/24",), ("203.0.113.7",))
WAYS = {"192.0.2.2": Way(UPLINK), "203.0.113.7": Way(UPLINK, direct=False)}
MTUS = {UPLINK: 1500}


def here(mode: str = "auto") -> Here:
    return Here("blue", ("10.244.0.0/24",), Overlay(mode))


def test_a_node_on_the_same_link_is_the_gateway_to_its_pods() -> None:
    choice = choose(here(), [TWO], WAYS, MTUS)
    assert choice.crossings == (Crossing("10.244.1.0/24", "192.0.2.2", UPLINK),)
    assert choice.tunnel is None
    state = wanted_state(here(), choice, [TWO], 0)
    assert state.hops == {Hop("10.244.1.0/24", "192.0.2.2", UPLINK, "10.244.0.1")}
    assert not state.neighbours
    assert not state.forwarding


def test_a_node_behind_a_router_is_reached_by_vxlan_with_an_entry_in_each_table() -> None:
    choice = choose(here(), [TWO, FAR], WAYS, MTUS)
    assert choice.tunnel is not None
    assert choice.tunnel[:2] == ("vx-blue", "0a:58:0a:f4:00:01")
    assert choice.tunnel.mtu == 1450
    state = wanted_state(here(), choice, [TWO, FAR], TUNNEL)
    mac = "0a:58:0a:f4:07:01"
    assert Hop("10.244.7.0/24", "10.244.7.1", TUNNEL, "10.244.0.1") in state.hops
    assert state.neighbours == {Neighbour(TUNNEL, "10.244.7.1", mac)}
    assert state.forwarding == {Neighbour(TUNNEL, "203.0.113.7", mac)}


def test_the_wrapped_packet_fits_the_link_that_it_leaves_by() -> None:
    choice = choose(here("vxlan"), [TWO], WAYS, {UPLINK: 9000})
    assert choice.tunnel is not None
    assert choice.tunnel.mtu == 8950


@pytest.mark.parametrize(
    ("mode", "peer", "way", "says"),
    [
        ("host-gw", FAR, Way(UPLINK, direct=False), "behind a router, and the pod network is"),
        ("auto", FAR, None, "this node has no route to its address (203.0.113.7)"),
        ("vxlan", FAR, Way(1, local=True), "is also this node's own"),
    ],
)
def test_a_node_that_cannot_be_reached_is_told_and_gets_no_route(
    mode: str, peer: Peer, way: Way | None, says: str
) -> None:
    choice = choose(here(mode), [peer], {peer.addresses[0]: way}, MTUS)
    assert choice.crossings == ()
    (sentence,) = choice.unreachable
    assert says in sentence
    assert "pods of node far (10.244.7.0/24) cannot be reached" in sentence


def test_both_families_share_one_tunnel_and_one_entry_a_node() -> None:
    own = Here("blue", ("10.244.0.0/24", "fd00:a::/64"))
    peer = Peer("far", ("10.244.7.0/24", "fd00:a:0:7::/64"), ("203.0.113.7",))
    choice = choose(own, [peer], WAYS, MTUS)
    state = wanted_state(own, choice, [peer], TUNNEL)
    mac = "0a:58:0a:f4:07:01"
    assert Hop("fd00:a:0:7::/64", "fd00:a:0:7::1", TUNNEL, "fd00:a::1") in state.hops
    assert Neighbour(TUNNEL, "fd00:a:0:7::1", mac) in state.neighbours
    assert state.forwarding == {Neighbour(TUNNEL, "203.0.113.7", mac)}


def test_ranges_of_a_family_that_this_node_has_not_are_left_out() -> None:
    peer = Peer("two", ("10.244.1.0/24", "fd00:a:0:1::/64"), ("192.0.2.2",))
    choice = choose(here(), [peer], WAYS, MTUS)
    assert [one.subnet for one in choice.crossings] == ["10.244.1.0/24"]


def _tunnel(**other: object) -> Tunnel:
    wanted = tunnel_wanted(here(), 1450)
    fields = {
        "index": TUNNEL, "name": wanted.name, "mtu": wanted.mtu, "up": True,
        "hardware": wanted.hardware, "vni": wanted.vni, "port": wanted.port, "learning": False,
    } | other  # fmt: skip
    return Tunnel(**fields)  # type: ignore[arg-type]


def test_a_tunnel_that_is_right_is_left_alone_and_one_that_is_not_is_replaced() -> None:
    wanted = tunnel_wanted(here(), 1450)
    assert tunnel_changes(wanted, _tunnel()) == []
    assert [one.what for one in tunnel_changes(wanted, _tunnel(mtu=1400))] == [
        "set the MTU of link vx-blue to 1450"
    ]
    for other in ({"hardware": "02:00:00:00:00:01"}, {"vni": 1}, {"port": 4789}, {"learning": 1}):
        told = [one.what for one in tunnel_changes(wanted, _tunnel(**other))]
        assert told[0] == "delete link vx-blue"
        assert "create the VXLAN link vx-blue" in told[1]
    assert [one.what for one in tunnel_changes(None, _tunnel())] == ["delete link vx-blue"]
    assert tunnel_changes(None, None) == []


def test_clusters_have_tunnels_and_networks_of_their_own() -> None:
    names = ["mk8s", "other", "a-cluster-long1", "a-cluster-long2"]
    assert len({tunnel_name(name) for name in names}) == 4
    assert len({tunnel_network(name) for name in names}) == 4
    assert all(len(tunnel_name(name)) <= 15 for name in names)


def test_a_changed_address_moves_one_entry_and_touches_nothing_else() -> None:
    moved = FAR._replace(addresses=("203.0.113.8",))
    ways = WAYS | {"203.0.113.8": Way(UPLINK, direct=False)}
    before = _state([FAR, TWO], ways)
    after = _state([moved, TWO], ways)
    assert [one.what for one in changes(after, before)] == ["send to node 203.0.113.8 by link 9"]


def _state(peers: list[Peer], ways: dict[str, Way]) -> State:
    return wanted_state(here(), choose(here(), peers, ways, MTUS), peers, TUNNEL)


_PEERS = st.lists(
    st.integers(1, 30).map(lambda n: Peer(f"n{n}", (f"10.244.{n}.0/24",), (f"192.0.2.{n}",))),
    unique_by=lambda peer: peer.node,
)


@given(_PEERS, _PEERS, st.sets(st.integers(1, 30)))
def test_changes_lead_from_any_state_to_the_wanted_one_and_then_end(
    old: list[Peer], new: list[Peer], direct: set[int]
) -> None:
    ways = {f"192.0.2.{n}": Way(UPLINK, direct=n in direct) for n in range(1, 31)}
    before, after = _state(old, ways), _state(new, ways)
    requests = list(changes(after, before))
    assert not list(changes(after, after))
    assert len(requests) <= len(before.hops ^ after.hops) * 3


def test_what_is_wrapped_goes_to_an_ipv4_address_and_where_there_is_none_that_is_told() -> None:
    six = Peer("six", ("10.244.6.0/24",), ("203.0.113.6", "2001:db8::6"))
    ways = {"2001:db8::6": Way(UPLINK, direct=False)}
    for more in ({}, {"203.0.113.6": Way(1, local=True)}):
        choice = choose(here(), [six], ways | more, MTUS)
        assert choice.crossings == ()
        assert ["IPv4" in one for one in choice.unreachable] == [True]
