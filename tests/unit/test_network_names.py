"""What mk8s calls things in the kernel."""

from __future__ import annotations

import pytest
from mk8s_agent.network import names


@pytest.mark.parametrize("address", ["10.244.0.2", "255.255.255.254", "0.0.0.1"])
def test_a_links_name_holds_the_pods_address(address: str) -> None:
    link = names.link_name(address)
    assert len(link) <= 15
    assert names.link_address(link) == address


@pytest.mark.parametrize(
    "link", ["eth0", "mk8s", "mk8s12", "mk8szzzzzzzz", "mk8s0af400022", "docker0"]
)
def test_other_links_are_not_pods(link: str) -> None:
    assert names.link_address(link) is None


def test_an_alias_names_cluster_and_pod() -> None:
    alias = names.link_alias("lab", "default/web")
    assert alias == "mk8s/lab/default/web"
    assert names.pod_of_alias("lab", alias) == "default/web"
    assert names.pod_of_alias("la", alias) is None
    assert len(names.link_alias("c" * 63, "n" * 63 + "/" + "p" * 253)) == 255


def test_hardware_addresses_follow_from_addresses() -> None:
    assert names.hardware_address("10.244.0.2") == "0a:58:0a:f4:00:02"
