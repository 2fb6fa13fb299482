"""Where the master listens and what others are told of it."""

from __future__ import annotations

from ipaddress import IPv4Address

import pytest

from minikube8s.cluster import addresses, settingrules
from minikube8s.cluster.checkup import preflight
from minikube8s.cluster.config import Settings
from minikube8s.cluster.errors import ClusterError
from minikube8s.kit.localaddresses import LocalAddress, is_added, local_addresses


@pytest.mark.parametrize(
    ("listen", "outward", "told"),
    [
        ("127.0.0.1", "203.0.113.7", "10.244.0.1"),
        ("127.0.0.2", "203.0.113.7", "10.244.0.1"),
        ("0.0.0.0", "203.0.113.7", "203.0.113.7"),
        ("0.0.0.0", "", "10.244.0.1"),
        ("10.0.0.5", "203.0.113.7", "10.0.0.5"),
    ],
)
def test_the_published_address_is_one_that_pods_reach(listen: str, outward: str, told: str) -> None:
    assert addresses.published(Settings(listen=listen), outward) == told


def test_in_a_lab_the_bridges_address_is_published_where_no_other_is_listened_on() -> None:
    lab = Settings(lab=True)
    assert addresses.published(lab, "203.0.113.7") == "192.168.123.1"
    everywhere = Settings(lab=True, listen="0.0.0.0")
    assert addresses.published(everywhere, "203.0.113.7") == "203.0.113.7"
    assert addresses.published(everywhere, "") == "192.168.123.1"
    assert "192.168.123.1" in addresses.served(everywhere)


def test_the_certificate_names_what_is_listened_on_published_and_the_service() -> None:
    named = addresses.served(Settings(listen="10.0.0.5"))
    assert set(named) == {"127.0.0.1", "10.96.0.1", "10.0.0.5"}
    assert "10.244.0.1" in addresses.served(Settings())


def test_listening_everywhere_names_every_address_of_the_machine() -> None:
    everyone = {str(local.address) for local in local_addresses() if not is_added(local)}
    assert everyone <= set(addresses.served(Settings(listen="0.0.0.0")))


def test_of_two_families_the_published_address_is_ipv4_and_both_services_addresses_are_named() -> (
    None
):
    both = Settings(pod_cidr="fd00:1::/48,10.244.0.0/16", service_cidr="fd00:2::/112,10.96.0.0/12")
    assert addresses.published(both, "") == "10.244.0.1"
    assert {"fd00:2::1", "10.96.0.1"} <= set(addresses.served(both))


def test_chosen_names_are_in_the_certificate_and_the_first_is_how_to_join() -> None:
    named = Settings(listen="10.0.0.5", server_names="Master.Lab, 198.51.100.7")
    assert {"master.lab", "198.51.100.7", "10.0.0.5"} <= set(addresses.served(named))
    assert addresses.joinable(named) == "master.lab:6443"
    assert addresses.published(named, "203.0.113.7") == "10.0.0.5"


def test_who_chose_the_nodes_address_is_known_by_it() -> None:
    """On machines whose way out is not their way to each other: VirtualBox' NAT."""
    everywhere = Settings(listen="0.0.0.0", node_ip="192.168.56.10")
    assert addresses.joinable(everywhere) == "192.168.56.10:6443"
    assert addresses.published(everywhere, addresses.own(everywhere)) == "192.168.56.10"
    assert addresses.bound(everywhere) == "192.168.56.10"
    assert addresses.bound(Settings(listen="10.0.0.5")) == "10.0.0.5"
    assert addresses.bound(Settings(listen="0.0.0.0")) == addresses.bound(Settings()) == ""


@pytest.mark.parametrize("address", ["x", "0.0.0.0", "127.0.1.1", "224.0.0.1", "fd00::1", "1.2.3"])
def test_what_can_be_no_nodes_address_is_refused(address: str) -> None:
    with pytest.raises(ClusterError, match="--node-ip"):
        settingrules.require_node_ip(address)
    with pytest.raises(ClusterError, match=r"This machine has no address 203\.0\.113\.250; it has"):
        preflight.require_own_address("203.0.113.250")
    preflight.require_own_address("")


def test_a_master_whose_one_address_is_gone_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def has(*own: str) -> None:
        found = [LocalAddress("eth0", IPv4Address(one)) for one in own]
        monkeypatch.setattr(addresses, "local_addresses", lambda: found)

    has("10.0.0.5")
    for listen in ("10.0.0.5", "127.0.0.1", "127.0.0.9", "0.0.0.0"):
        assert addresses.lost(Settings(listen=listen)) == ""
    has("10.0.0.6")
    gone = Settings(listen="10.0.0.5")
    assert addresses.lost(gone) == "10.0.0.5"
    what, remedy = addresses.told_lost("10.0.0.5")
    assert "The master listens on 10.0.0.5" in what and "`mk8s up --listen ADDRESS`" in remedy
    # not that another program has the port there
    with pytest.raises(ClusterError, match=r"has no address 10\.0\.0\.5 for the master to listen"):
        preflight.require_ports(gone)
