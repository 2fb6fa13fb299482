"""Every type of Service, asked from everywhere: by pods and nodes, and by a client outside.

One table a type: who asks whom by which protocol, and the pods that have to answer.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.support.echoes import PORT, Json, asked, echo, service, wait_led
from tests.support.lab import CLIENT_ADDRESS, NODES, Lab, Place
from tests.support.netlab import inside, refused_quickly, run
from tests.support.wait import until

PODS = {f"types-{node}": node for node in NODES}
PROTOCOLS = ("TCP", "UDP")
NODE_PORT = 32311
EXTERNAL = "203.0.113.7"
SELECTED = {
    "types-cluster": service("types-cluster", "types"),
    "types-node": service("types-node", "types", type="NodePort", node_port=NODE_PORT),
    "types-balanced": service("types-balanced", "types", type="LoadBalancer"),
    "types-external": service("types-external", "types", externalIPs=[EXTERNAL]),
    "types-headless": service("types-headless", "types", clusterIP="None"),
    "types-own": service("types-own"),
    "types-nobody": service("types-nobody", "types-nobody", type="NodePort", node_port=32312),
}


def own_slice(address: str) -> Json:
    """Endpoints that the user writes for a Service without a selector."""
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {"name": "types-own-1", "labels": {"kubernetes.io/service-name": "types-own"}},
        "addressType": "IPv4",
        "ports": [{"name": p.lower(), "protocol": p, "port": PORT} for p in PROTOCOLS],
        "endpoints": [{"addresses": [address], "conditions": {"ready": True}}],
    }


@pytest.fixture(scope="module")
def types(lab: Lab) -> Iterator[Lab]:
    lab.apply(*(echo(name, node, "types") for name, node in PODS.items()), *SELECTED.values())
    pods = lab.cluster.ready_pods(len(PODS), "app=types")
    last = next(one for one in pods if one["metadata"]["name"] == "types-node3")
    lab.apply(own_slice(last["status"]["podIP"]))
    with inside(lab.client):
        run(f"ip route add {EXTERNAL} via {lab.address('node2')}")
    wait_led(lab, NODE_PORT, PODS, *NODES)
    own = cluster_ip(lab, "types-own")
    for node in NODES:
        until(f"{node} knows the slice", lambda node=node: asked(lab, node, own, seconds=1))
    yield lab
    lab.cluster.kubectl("delete", "endpointslice/types-own-1", *(f"svc/{n}" for n in SELECTED)).ok()
    lab.cluster.kubectl("delete", "pod", "-l", "app=types", "--now").ok()


def cluster_places(lab: Lab) -> dict[str, Place]:
    """The pods and the nodes."""
    return {name: lab.pod(name) for name in PODS} | {node: node for node in NODES}


def table(
    lab: Lab, places: dict[str, Place], *targets: tuple[str, int], turns: int = 6
) -> dict[str, set[str]]:
    """What each place gets there by each protocol in some turns: pods' names, and errors."""
    answers: dict[str, set[str]] = {}
    for name, place in places.items():
        for address, port in targets:
            for protocol in PROTOCOLS:
                line = answers.setdefault(f"{name} asks {address}:{port} by {protocol}", set())
                line.update(answer(lab, place, address, port, protocol) for _ in range(turns))
    return answers


def answer(lab: Lab, place: Place, address: str, port: int, protocol: str) -> str:
    try:
        return asked(lab, place, address, port, protocol, 2).pod
    except OSError as error:
        return repr(error)


def others(answers: dict[str, set[str]], *wanted: str) -> dict[str, set[str]]:
    """The lines of a table that have anything but what is wanted."""
    return {line: seen for line, seen in answers.items() if not seen <= set(wanted)}


def cluster_ip(lab: Lab, name: str) -> str:
    address: str = lab.cluster.get("service", name)["spec"]["clusterIP"]
    return address


def test_a_cluster_ip_answers_pods_and_nodes_everywhere(types: Lab) -> None:
    address = cluster_ip(types, "types-cluster")
    assert not others(table(types, cluster_places(types), (address, 80)), *PODS)


def test_a_node_port_answers_everybody_on_every_nodes_address(types: Lab) -> None:
    targets = [(types.address(node), NODE_PORT) for node in NODES]
    places = cluster_places(types) | {"outside": types.client}
    assert not others(table(types, places, *targets), *PODS)


def test_a_node_port_answers_a_node_on_its_own_loopback(types: Lab) -> None:
    places: dict[str, Place] = {node: node for node in NODES}
    answers = table(types, places, ("127.0.0.1", NODE_PORT))
    assert not others(answers, *PODS)


def test_a_load_balancers_address_answers_everybody(types: Lab) -> None:
    def address() -> str:
        status = types.cluster.get("service", "types-balanced")["status"]
        found: str = status["loadBalancer"]["ingress"][0]["ip"]
        return found

    place = until("an address", address)
    until("announced", lambda: asked(types, types.client, place, seconds=1))
    places = cluster_places(types) | {"outside": types.client}
    assert not others(table(types, places, (place, 80)), *PODS)


def test_an_external_ip_answers_who_is_led_to_a_node_and_the_whole_cluster(types: Lab) -> None:
    places = cluster_places(types) | {"outside": types.client}
    run(f"ip route add {EXTERNAL} via {CLIENT_ADDRESS}")
    try:
        assert not others(table(types, places, (EXTERNAL, 80)), *PODS)
    finally:
        run(f"ip route del {EXTERNAL}")


def test_a_service_without_selector_leads_where_its_own_slice_says(types: Lab) -> None:
    address = cluster_ip(types, "types-own")
    assert not others(table(types, cluster_places(types), (address, 80)), "types-node3")


def test_a_service_without_endpoints_refuses_everybody_at_once(types: Lab) -> None:
    address = cluster_ip(types, "types-nobody")
    for place in cluster_places(types).values():
        refuses(types, place, address, 80)
    refuses(types, types.client, types.address("node2"), 32312)


def refuses(lab: Lab, place: Place, address: str, port: int) -> None:
    """By TCP at once. By UDP a node's own packet is not even sent; to others the kernel says it by
    ICMP, at most once a second.
    """
    assert refused_quickly(lambda: lab.ask(place, address, port))
    until("refused", lambda: _refused_by_udp(lab, place, address, port))


def _refused_by_udp(lab: Lab, place: Place, address: str, port: int) -> bool:
    try:
        lab.ask_udp(place, address, port, 0.5)
    except (ConnectionRefusedError, PermissionError):
        return True
    return False


def test_the_pods_of_a_headless_service_answer_at_their_own_addresses(types: Lab) -> None:
    listed = types.cluster.get("endpointslices", "-l", "kubernetes.io/service-name=types-headless")
    addresses = [one["addresses"][0] for piece in listed["items"] for one in piece["endpoints"]]
    targets = [(address, PORT) for address in addresses]
    answers = table(types, cluster_places(types), *targets)
    assert len(addresses) == len(PODS), json.dumps(listed)
    assert not others(answers, *PODS)
