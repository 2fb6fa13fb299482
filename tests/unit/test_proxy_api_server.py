"""Where connections to Service default/kubernetes go on a node."""

from __future__ import annotations

from mk8s_agent.proxy.api_server import api_ports
from mk8s_agent.proxy.desired import Backend, PortKey, ServicePort
from mk8s_agent.proxy.rules import fragment

KEY = PortKey("default", "kubernetes", "https")
PODS = "10.244.0.0/16"


def port(*addresses: str) -> ServicePort:
    backends = tuple(Backend(address, 6443, here=True) for address in addresses)
    return ServicePort(
        key=KEY,
        protocol="tcp",
        port=443,
        cluster_ips=("10.96.0.1",),
        external_ips=(),
        node_port=0,
        affinity_seconds=0,
        internal_local=False,
        external_local=False,
        backends=backends,
        local=backends,
    )


def served(master: str, *addresses: str) -> dict[str, tuple[tuple[str, ...], str, bool]]:
    made = api_ports([port(*addresses)], master, PODS)
    return {
        f"{one.cluster_ips[0]}:{one.port}": (
            tuple(f"{backend.address}:{backend.port}" for backend in one.backends),
            one.key.port,
            one.only_inside,
        )
        for one in made
    }


def test_a_loopback_master_is_reached_by_the_service_and_the_published_address_from_inside() -> (
    None
):
    assert served("127.0.0.1:6444", "10.244.0.1") == {
        "10.96.0.1:443": (("127.0.0.1:6443",), "https", True),
        "10.244.0.1:6443": (("127.0.0.1:6443",), "https-endpoint", True),
    }


def test_a_published_address_that_a_machine_has_is_not_taken_over() -> None:
    assert served("127.0.0.1:6444", "192.168.123.1") == {
        "10.96.0.1:443": (("127.0.0.1:6443",), "https", True),
    }


def test_another_node_goes_to_where_its_agent_reaches_the_master() -> None:
    assert served("192.168.123.1:6444", "203.0.113.7") == {
        "10.96.0.1:443": (("192.168.123.1:6443",), "https", False),
    }


def test_a_master_that_is_known_by_name_is_reached_as_published() -> None:
    assert served("master.example.com:6444", "203.0.113.7") == {
        "10.96.0.1:443": (("203.0.113.7:6443",), "https", False),
    }


def test_without_a_published_endpoint_there_is_none() -> None:
    assert served("127.0.0.1:6444") == {"10.96.0.1:443": ((), "https", True)}


def test_the_rules_lead_pods_of_this_node_and_the_node_itself_and_nobody_else() -> None:
    made = list(api_ports([port("10.244.0.1")], "127.0.0.1:6444", PODS))
    assert len(made) == 2
    for one in made:
        ((_, rules),) = fragment(one, 1, PODS).chains.items()
        assert [rule.partition(" meta ")[0] for rule in rules] == [
            'iifname "mk8s*"',
            "fib saddr type local",
        ]
        assert all(rule.endswith("dnat ip to 127.0.0.1:6443") for rule in rules)
