"""What a network namespace says of itself: names that are taken, addresses that are there."""

from __future__ import annotations

import os
from ipaddress import IPv4Address

import pytest

from minikube8s.kit import namelock
from minikube8s.kit.localaddresses import address_label, local_addresses


def test_a_name_is_held_by_one_until_it_lets_go() -> None:
    name = namelock.agent_name(f"test-{os.getpid()}")
    with namelock.take(name):
        assert namelock.is_taken(name)
        with pytest.raises(namelock.NameTaken):
            namelock.take(name)
    assert not namelock.is_taken(name)


def test_other_agents_are_those_of_other_clusters() -> None:
    cluster = f"test-{os.getpid()}"
    with namelock.take(namelock.agent_name(cluster)):
        assert namelock.agent_name(cluster) in namelock.other_agents("another")
        assert namelock.agent_name(cluster) not in namelock.other_agents(cluster)


def test_the_loopback_address_is_among_the_local_ones() -> None:
    assert ("lo", IPv4Address("127.0.0.1")) in {
        (local.label, local.address) for local in local_addresses()
    }


def test_address_labels_fit_and_tell_clusters_apart() -> None:
    assert address_label("mk8s") == "lo:mk8s"
    long = {address_label("a-very-long-cluster-name" + end) for end in "xy"}
    assert len(long) == 2
    assert all(len(label) <= 15 for label in long)
