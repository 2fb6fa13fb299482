"""The text of the rules, small enough to read."""

from __future__ import annotations

from typing import Any

from mk8s_agent.proxy.desired import Backend, PortKey, ServicePort
from mk8s_agent.proxy.rules import Fragment, fragment, identifier

KEY = PortKey("default", "nginx", "web-port")


def port(*addresses: str, **more: Any) -> ServicePort:
    found = tuple(Backend(address, 80, here=True) for address in addresses)
    fields: dict[str, Any] = {
        "key": KEY,
        "protocol": "tcp",
        "port": 8080,
        "cluster_ips": ("10.96.0.10",),
        "external_ips": (),
        "node_port": 0,
        "affinity_seconds": 0,
        "internal_local": False,
        "external_local": False,
        "backends": found,
        "local": found,
    }
    return ServicePort(**fields | more)


def shown(made: Fragment) -> list[str]:
    lines = [f"set {name}" for name in made.sets]
    for name, rules in made.chains.items():
        lines += [f"chain {name}", *(f"    {rule}" for rule in rules)]
    return lines + [
        f"{place.container}: {place.key}" + (f" : {verdict}" if verdict else "")
        for place, verdict in made.elements.items()
    ]


def rules(made: ServicePort) -> list[str]:
    return shown(fragment(made, 7, "10.244.0.0/16"))


def test_one_endpoint() -> None:
    assert rules(port("10.244.0.2")) == [
        "chain svc_default_nginx_web-port.7",
        "    meta l4proto tcp dnat ip to 10.244.0.2:80",
        "service-ips: 10.96.0.10 . tcp . 8080 : goto svc_default_nginx_web-port.7",
        "hairpin: 10.244.0.2 . 10.244.0.2",
    ]


def test_two_endpoints_behind_a_node_port() -> None:
    assert rules(port("10.244.0.2", "10.244.0.3", node_port=30080)) == [
        "chain svc_default_nginx_web-port.7",
        "    meta l4proto tcp dnat ip to"
        " numgen random mod 2 map { 0 : 10.244.0.2 . 80, 1 : 10.244.0.3 . 80 }",
        "chain ext_default_nginx_web-port.7",
        "    meta mark set meta mark or 0x2000",
        "    goto svc_default_nginx_web-port.7",
        "service-ips: 10.96.0.10 . tcp . 8080 : goto svc_default_nginx_web-port.7",
        "node-ports: tcp . 30080 : goto ext_default_nginx_web-port.7",
        "hairpin: 10.244.0.2 . 10.244.0.2",
        "hairpin: 10.244.0.3 . 10.244.0.3",
    ]


def test_no_endpoints() -> None:
    assert rules(port(node_port=30080, external_ips=("203.0.113.7",))) == [
        "refused-ips: 203.0.113.7 . tcp . 8080",
        "refused-ports: tcp . 30080",
    ]


def test_policy_local_without_local_endpoints_drops_what_comes_from_outside() -> None:
    made = port("10.244.1.2", node_port=30080, external_local=True, local=())
    assert rules(made)[2:6] == [
        "chain ext_default_nginx_web-port.7",
        "    ip saddr 10.244.0.0/16 meta mark set meta mark or 0x2000"
        " goto svc_default_nginx_web-port.7",
        "    fib saddr type local meta mark set meta mark or 0x2000"
        " goto svc_default_nginx_web-port.7",
        "    drop",
    ]


def test_only_some_sources_may_use_a_load_balancers_address() -> None:
    made = port(
        "10.244.0.2",
        cluster_ips=(),
        load_balancer_ips=("203.0.113.200",),
        source_ranges=("192.0.2.0/24", "198.51.100.0/24"),
    )
    assert rules(made)[2:] == [
        "chain ext_default_nginx_web-port.7",
        "    meta mark set meta mark or 0x2000",
        "    goto svc_default_nginx_web-port.7",
        "chain lb_default_nginx_web-port.7",
        "    ip saddr != { 192.0.2.0/24, 198.51.100.0/24 } drop",
        "    goto ext_default_nginx_web-port.7",
        "service-ips: 203.0.113.200 . tcp . 8080 : goto lb_default_nginx_web-port.7",
        "hairpin: 10.244.0.2 . 10.244.0.2",
    ]


def test_ipv6() -> None:
    made = port("fd44::2", "fd44::3", cluster_ips=("fd96::10",), node_port=30080, ipv6=True)
    assert rules(made)[:2] == [
        "chain svc6_default_nginx_web-port.7",
        "    meta l4proto tcp dnat ip6 to"
        " numgen random mod 2 map { 0 : fd44::2 . 80, 1 : fd44::3 . 80 }",
    ]
    assert rules(made)[5:] == [
        "service-ips6: fd96::10 . tcp . 8080 : goto svc6_default_nginx_web-port.7",
        "node-ports6: tcp . 30080 : goto ext6_default_nginx_web-port.7",
        "hairpin6: fd44::2 . fd44::2",
        "hairpin6: fd44::3 . fd44::3",
    ]


def test_affinity() -> None:
    made = port("10.244.0.2", "10.244.0.3", affinity_seconds=60, cluster_ips=())
    assert rules(made)[:12] == [
        "set clients_default_nginx_web-port_10.244.0.2_80",
        "set clients_default_nginx_web-port_10.244.0.3_80",
        "chain ep_default_nginx_web-port_10.244.0.2_80.7",
        "    update @clients_default_nginx_web-port_10.244.0.2_80 { ip saddr timeout 60s }",
        "    meta l4proto tcp dnat ip to 10.244.0.2:80",
        "chain ep_default_nginx_web-port_10.244.0.3_80.7",
        "    update @clients_default_nginx_web-port_10.244.0.3_80 { ip saddr timeout 60s }",
        "    meta l4proto tcp dnat ip to 10.244.0.3:80",
        "chain svc_default_nginx_web-port.7",
        "    ip saddr @clients_default_nginx_web-port_10.244.0.2_80"
        " goto ep_default_nginx_web-port_10.244.0.2_80.7",
        "    ip saddr @clients_default_nginx_web-port_10.244.0.3_80"
        " goto ep_default_nginx_web-port_10.244.0.3_80.7",
        "    numgen random mod 2 vmap { 0 : goto ep_default_nginx_web-port_10.244.0.2_80.7,"
        " 1 : goto ep_default_nginx_web-port_10.244.0.3_80.7 }",
    ]


def test_long_names_are_shortened_and_stay_apart() -> None:
    long = [PortKey("n" * 63, "s" * 63, name) for name in ("http", "https")]
    made = {identifier(key) for key in long}
    assert len(made) == 2
    assert all(len(each) <= 90 for each in made)
