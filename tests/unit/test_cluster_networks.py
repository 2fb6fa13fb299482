"""Clashes of networks, and what is proposed instead."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minikube8s.cluster.checkup import networks
from minikube8s.cluster.checkup.networks import LAB, POD, SERVICE, Clash, Used
from minikube8s.cluster.config import Settings
from minikube8s.kit.localaddresses import LocalAddress
from minikube8s.kit.localroutes import LocalRoute, parse

WANTED = networks.wanted(Settings())
TABLE = """\
Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
eth0\t00000000\t0100000A\t0003\t0\t0\t0\t00000000\t0\t0\t0
eth0\t0000000A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
tun0\t0000F40A\t0100000A\t0003\t0\t0\t0\t0000FFFF\t0\t0\t0
"""


def net(text: str) -> IPv4Network:
    return IPv4Network(text)


def route(network: str, link: str = "eth0", *, connected: bool = True) -> LocalRoute:
    return LocalRoute(link, net(network), connected)


def found(*routes: LocalRoute, addresses: tuple[LocalAddress, ...] = ()) -> list[Clash]:
    return networks.clashes(WANTED, networks.used(addresses, routes))


def test_the_kernels_routes_are_read_without_those_to_everywhere() -> None:
    assert parse(TABLE) == [
        LocalRoute("eth0", net("10.0.0.0/24"), connected=True),
        LocalRoute("tun0", net("10.244.0.0/16"), connected=False),
    ]


@pytest.mark.parametrize(
    ("one", "what", "harmless"),
    [
        (route("10.244.0.0/16"), POD, False),
        (route("10.244.3.0/24", connected=False), POD, False),
        (route("10.240.0.0/12"), POD, False),
        (route("10.240.0.0/12", connected=False), POD, True),
        (route("10.100.0.0/16"), SERVICE, False),
    ],
)
def test_an_overlapping_route_is_a_clash(one: LocalRoute, what: str, harmless: bool) -> None:
    (clash,) = found(one)
    assert (clash.what, clash.harmless) == (what, harmless)
    assert clash.how == f"eth0 has a route to {one.network}"


def test_an_address_within_a_network_is_a_clash() -> None:
    (clash,) = found(addresses=(LocalAddress("eth0", IPv4Address("10.96.3.4")),))
    assert (clash.what, clash.how) == (SERVICE, "eth0 has the address 10.96.3.4")


def test_networks_beside_the_clusters_are_none() -> None:
    assert not found(route("192.168.1.0/24"), route("172.17.0.0/16"), route("10.0.0.0/16"))


def test_what_the_running_cluster_made_itself_is_none() -> None:
    own = LocalAddress("lo:mk8s", IPv4Address("10.244.0.1"))
    made = [
        route("10.244.0.5/32", "mk8s0af40005"),
        route("10.96.0.0/12", "lo"),
        route("192.168.123.0/24", "lab-mk8s"),
        route("10.244.1.0/24", "vx-mk8s"),
        route("10.244.2.0/24", connected=False),
    ]
    settings = Settings(lab=True)
    wanted = networks.wanted(settings)
    assert not networks.clashes(wanted, networks.used([own], made, settings))
    assert networks.clashes(wanted, networks.used([own], made, Settings(name="other")))
    assert networks.clashes(wanted, networks.used([], made, settings))
    foreign = route("10.244.3.0/24", "eth1")
    (clash,) = networks.clashes(wanted, networks.used([own], [foreign], settings))
    assert clash.how == "eth1 has a route to 10.244.3.0/24"


def test_another_clusters_lab_is_a_clash() -> None:
    settings = Settings(lab=True)
    made = [LocalAddress("lab-other", IPv4Address("192.168.123.1"))]
    (clash,) = networks.clashes(networks.wanted(settings), networks.used(made, [], settings))
    assert (clash.what, clash.harmless) == (LAB, False)


def test_a_clusters_own_networks_must_be_apart_from_each_other() -> None:
    lab = networks.wanted(Settings(lab=True, lab_cidr="10.244.7.0/24"))
    (clash,) = networks.clashes(lab, [])
    assert (clash.what, clash.how) == (POD, f"the lab network is {lab[LAB]}")


@pytest.mark.parametrize(
    ("network", "taken", "free"),
    [
        ("10.244.0.0/16", [], "10.245.0.0/16"),
        ("10.244.0.0/16", ["10.245.3.0/24", "10.246.0.0/15"], "10.248.0.0/16"),
        ("10.255.0.0/16", [], "10.0.0.0/16"),
        ("10.244.0.0/16", ["10.0.0.0/8"], "172.16.0.0/16"),
        ("10.96.0.0/12", ["10.0.0.0/8"], "172.16.0.0/12"),
        ("192.168.123.0/24", ["192.168.0.0/16"], "10.0.0.0/24"),
        ("100.64.0.0/16", [], "10.0.0.0/16"),
    ],
)
def test_the_next_free_network_of_the_size_is_proposed(
    network: str, taken: list[str], free: str
) -> None:
    assert networks.proposal(net(network), map(net, taken)) == net(free)


def test_where_nothing_is_free_nothing_is_proposed() -> None:
    private = map(net, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))
    assert networks.proposal(net("10.244.0.0/16"), private) is None


def test_the_sentence_names_the_option_and_a_free_network() -> None:
    taken = networks.used([], [route("10.244.3.0/24")])
    (clash,) = networks.clashes(WANTED, taken)
    assert networks.sentence(clash, WANTED, taken) == (
        "The pod network 10.244.0.0/16 is in use on this machine: eth0 has a route to "
        "10.244.3.0/24. Choose another with --pod-cidr or MK8S_POD_CIDR, for example 10.245.0.0/16."
    )


NETWORKS = st.builds(
    lambda number, prefix: IPv4Network((number, prefix), strict=False),
    st.integers(10 << 24, (10 << 24) + (1 << 24) - 1) | st.integers(0xC0A80000, 0xC0A8FFFF),
    st.integers(9, 30),
)


@given(NETWORKS.filter(lambda each: each.prefixlen <= 24), st.lists(NETWORKS, max_size=12))
def test_a_proposal_is_private_of_the_same_size_and_free(
    network: IPv4Network, taken: list[IPv4Network]
) -> None:
    proposed = networks.proposal(network, taken)
    if proposed is None:
        return
    assert proposed.prefixlen == network.prefixlen
    assert proposed.is_private
    assert not any(proposed.overlaps(each) for each in taken)
    assert not networks.clashes({POD: proposed}, [Used(each, "") for each in taken])
