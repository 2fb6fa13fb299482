"""LoadBalancer Services get addresses that stay, told apart, and announced by one node."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Literal

import pytest

from minikube8s.api.resources import SERVICES
from minikube8s.api.views import Node, Service, from_dict
from minikube8s.controllers.actions import Plan
from minikube8s.controllers.loadbalancers import LoadBalancerController, announcing
from minikube8s.controllers.loadbalancers.assigning import Name
from minikube8s.controllers.loadbalancers.controller import Snapshot, plan
from minikube8s.controllers.runner import RegistryReader
from minikube8s.kit.addresspool import NO_POOL, AddressPool, BadPool
from minikube8s.store.entry import Entry
from minikube8s.store.watching import Event
from tests.support import virtualtime
from tests.support.livecluster import live_cluster
from tests.support.services import node_json, node_view, service

POOL = AddressPool.parse("10.0.0.200-10.0.0.201")
NODES = (node_view("n1", "10.0.0.1"), node_view("n2", "10.0.0.2"))


def planned(
    *objects: dict[str, Any],
    pool: AddressPool = POOL,
    nodes: Any = NODES,
    serving: Mapping[str, set[str]] = MappingProxyType({}),
) -> Plan:
    services = tuple(from_dict(Service, one) for one in objects)
    names = [Name("default", one["metadata"]["name"]) for one in objects]
    local = {name: frozenset(serving.get(name.name, ())) for name in names}
    reserved = {("TCP", 6443): "the API server"}
    snapshot = Snapshot(services, dict(zip(names, objects, strict=True)), nodes, local)
    return plan(snapshot, pool, reserved)


def addresses(result: Plan) -> dict[str, list[str]]:
    """The addresses that the plan writes, by Service."""
    return {
        one.target.name: [
            ingress["ip"] for ingress in one.patch["status"]["loadBalancer"]["ingress"] or ()
        ]
        for one in result.patches
        if "status" in one.patch
    }


def announcers(result: Plan) -> dict[str, Any]:
    return {
        one.target.name: one.patch["metadata"]["annotations"]["mk8s.io/announced-by"]
        for one in result.patches
        if "metadata" in one.patch
    }


def warned(result: Plan) -> list[str]:
    return [one.message for one in result.warnings]


def aged(name: str, minute: int, **fields: Any) -> dict[str, Any]:
    created = f"2026-01-01T00:{minute:02}:00Z"
    head = {"creationTimestamp": created, **fields.pop("metadata", {})}
    return service(name, metadata=head, **fields)


def announced(node: str, **fields: Any) -> dict[str, Any]:
    return {"annotations": {"mk8s.io/announced-by": node}, **fields}


def test_the_oldest_get_the_first_addresses_of_the_pool() -> None:
    assert addresses(planned(aged("b", 2), aged("a", 3))) == {
        "b": ["10.0.0.200"],
        "a": ["10.0.0.201"],
    }


def test_the_address_is_written_as_kubernetes_shows_it_with_its_events() -> None:
    result = planned(service("a"))
    (patch,) = result.patches
    assert patch.subresource == "status"
    assert patch.patch["status"] == {
        "loadBalancer": {"ingress": [{"ip": "10.0.0.200", "ipMode": "VIP"}]}
    }
    assert [one.reason for one in result.notices] == ["EnsuringLoadBalancer"]
    assert patch.report.reason == "EnsuredLoadBalancer"


def test_who_has_an_address_keeps_it_whoever_is_older() -> None:
    result = planned(aged("old", 1), aged("new", 2, has=("10.0.0.200",)))
    assert addresses(result) == {"old": ["10.0.0.201"]}


def test_of_two_with_one_address_the_older_keeps_it() -> None:
    result = planned(aged("new", 2, has=("10.0.0.200",)), aged("old", 1, has=("10.0.0.200",)))
    assert addresses(result) == {"new": ["10.0.0.201"]}


def test_with_the_pool_exhausted_a_service_waits_and_is_told_the_way_out() -> None:
    result = planned(
        aged("a", 1, has=("10.0.0.200",)), aged("b", 2, has=("10.0.0.201",)), aged("c", 3)
    )
    assert addresses(result) == {}
    (warning,) = result.warnings
    assert warning.reason == "SyncLoadBalancerFailed"
    assert warning.about and warning.about["metadata"]["name"] == "c"
    assert warning.message == (
        "Error syncing load balancer: failed to ensure load balancer: all addresses of the pool"
        " 10.0.0.200-10.0.0.201 are in use: delete a Service of type LoadBalancer, or give the"
        " cluster a larger pool with --load-balancer-pool"
    )


def test_an_address_that_is_given_back_goes_to_who_waits() -> None:
    gone = aged("a", 1, has=("10.0.0.200",), type="ClusterIP")
    result = planned(gone, aged("b", 2, has=("10.0.0.201",)), aged("c", 3))
    # Not both at once: the plan could be cut off between the two writes.
    assert (addresses(result), warned(result)) == ({"a": []}, [])
    gone = aged("a", 1, type="ClusterIP")
    result = planned(gone, aged("b", 2, has=("10.0.0.201",)), aged("c", 3))
    assert addresses(result) == {"c": ["10.0.0.200"]}


def test_a_service_that_is_being_deleted_gives_its_address_back() -> None:
    ending = {"deletionTimestamp": "2026-01-01T01:00:00Z", **announced("n1")}
    result = planned(aged("a", 1, has=("10.0.0.200",), metadata=ending))
    assert (addresses(result), announcers(result)) == ({"a": []}, {"a": None})


def test_an_address_beyond_a_changed_pool_is_replaced() -> None:
    assert addresses(planned(service("a", has=("10.0.9.9",)))) == {"a": ["10.0.0.200"]}


def test_the_address_of_a_node_is_never_given_away() -> None:
    nodes = (node_view("n1", "10.0.0.200"),)
    assert addresses(planned(service("a"), nodes=nodes)) == {"a": ["10.0.0.201"]}


@pytest.mark.parametrize(
    ("wanted", "outcome", "words"),
    [
        ("10.0.0.201", {"b": ["10.0.0.201"]}, ""),
        ("10.0.0.200", {}, "10.0.0.200 is in use by Service default/a: choose another"),
        ("10.0.0.9", {}, "is not an address of the pool 10.0.0.200-10.0.0.201"),
        ("nonsense", {}, "is not an address of the pool"),
    ],
)
def test_a_service_may_choose_its_address(
    wanted: str, outcome: dict[str, list[str]], words: str
) -> None:
    result = planned(aged("a", 1, has=("10.0.0.200",)), aged("b", 2, loadBalancerIP=wanted))
    assert addresses(result) == outcome
    assert words in "".join(warned(result))


def test_who_chooses_is_served_before_older_ones_that_take_any() -> None:
    result = planned(aged("any", 1), aged("choosy", 2, loadBalancerIP="10.0.0.200"))
    assert addresses(result) == {"any": ["10.0.0.201"], "choosy": ["10.0.0.200"]}


def test_who_chooses_another_address_gets_it() -> None:
    result = planned(service("a", has=("10.0.0.200",), loadBalancerIP="10.0.0.201"))
    assert addresses(result) == {"a": ["10.0.0.201"]}


@pytest.mark.parametrize(
    ("name", "served"), [(None, True), ("mk8s.io/load-balancer", True), ("example.com/x", False)]
)
def test_a_service_of_a_foreign_class_is_left_alone(name: str | None, served: bool) -> None:
    spec = {} if name is None else {"loadBalancerClass": name}
    fresh, had = service("a", **spec), service("b", has=("1.2.3.4",), **spec)
    assert bool(planned(fresh, had).patches) is served


def test_a_stored_state_that_is_right_is_not_written_again() -> None:
    result = planned(service("a", has=("10.0.0.200",), metadata=announced("n1")))
    assert (result.patches, result.warnings, result.notices) == ((), (), ())


def test_announcers_are_spread_and_stay_when_nodes_come() -> None:
    three = ("n1", "n2", "n3")
    chosen = {f"uid-{n}": announcing.announcer(f"uid-{n}", "", three) for n in range(60)}
    assert {list(chosen.values()).count(node) > 10 for node in three} == {True}
    assert all(
        announcing.announcer(uid, node, (*three, "n4")) == node for uid, node in chosen.items()
    )


@pytest.mark.parametrize(
    "nodes",
    [
        (NODES[0], node_view("n2", ready=False)),
        (NODES[0],),
        (
            NODES[0],
            node_view("n2", labels={"node.kubernetes.io/exclude-from-external-load-balancers": ""}),
        ),
    ],
)
def test_an_address_moves_from_a_node_that_is_lost(nodes: Any) -> None:
    result = planned(service("a", has=("10.0.0.200",), metadata=announced("n2")), nodes=nodes)
    assert announcers(result) == {"a": "n1"}
    assert [one.report.reason for one in result.patches] == ["UpdatedLoadBalancer"]


def test_without_any_node_that_could_an_address_stays_where_it_is() -> None:
    lost = (node_view("n1", ready=False),)
    stays = service("a", has=("10.0.0.200",), metadata=announced("n1"))
    assert not planned(stays, nodes=lost).patches
    assert not planned(service("a", has=("10.0.0.1",)), nodes=(lost[0],), pool=NO_POOL).patches[1:]


@pytest.mark.parametrize(
    ("serving", "node"), [({"n1"}, "n1"), ({"n2"}, "n2"), ({"n1", "n2"}, "n2"), (set(), "n2")]
)
def test_with_the_policy_local_a_node_with_ready_endpoints_announces(
    serving: set[str], node: str
) -> None:
    obj = service("a", has=("10.0.0.200",), metadata=announced("n2"), externalTrafficPolicy="Local")
    result = planned(obj, serving={"a": serving})
    assert announcers(result).get("a", "n2") == node


def test_without_a_pool_services_have_the_addresses_of_all_nodes() -> None:
    nodes = (*NODES, node_view("n3", "10.0.0.3", ready=False))
    result = planned(service("a"), pool=NO_POOL, nodes=nodes)
    assert addresses(result) == {"a": ["10.0.0.1", "10.0.0.2"]}
    assert announcers(result) == {}


def test_without_a_pool_the_policy_local_means_the_addresses_of_nodes_with_endpoints() -> None:
    obj = service("a", externalTrafficPolicy="Local")
    result = planned(obj, pool=NO_POOL, serving={"a": {"n2"}})
    assert addresses(result) == {"a": ["10.0.0.2"]}


def test_without_a_pool_nodes_lost_for_a_while_change_nothing() -> None:
    nodes = (node_view("n1", "10.0.0.1", ready=False),)
    assert not planned(service("a", has=("10.0.0.1",)), pool=NO_POOL, nodes=nodes).acts
    (warning,) = warned(planned(service("a"), pool=NO_POOL, nodes=nodes))
    assert "there are no available nodes for LoadBalancer" in warning


def test_without_a_pool_each_port_of_the_nodes_goes_to_the_first() -> None:
    first, second = aged("a", 1), aged("b", 2)
    result = planned(first, second, aged("c", 3, port=81), pool=NO_POOL, nodes=NODES[:1])
    assert addresses(result) == {"a": ["10.0.0.1"], "c": ["10.0.0.1"]}
    assert warned(result) == [
        "Error syncing load balancer: failed to ensure load balancer: port 80/TCP of the nodes'"
        " addresses is in use by Service default/a: choose another port, delete the other, or give"
        " the cluster a pool of addresses with --load-balancer-pool"
    ]
    again = planned(aged("b", 2, has=("10.0.0.1",)), aged("a", 1), pool=NO_POOL, nodes=NODES[:1])
    assert addresses(again) == {}


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({"port": 6443}, "port 6443/TCP of the nodes' addresses is in use by the API server"),
        ({"port": 30001}, "is in use by Service default/other"),
        ({"loadBalancerIP": "10.9.9.9"}, "10.9.9.9 is not an address of a node (10.0.0.1, 10."),
        ({"port": 30002}, ""),
        ({"ports": [{"port": 80, "protocol": "UDP"}]}, ""),
    ],
)
def test_without_a_pool_ports_of_others_are_refused(spec: dict[str, Any], words: str) -> None:
    other = service(
        "other", type="NodePort", ports=[{"port": 80, "protocol": "TCP", "nodePort": 30001}]
    )
    if "port" in spec:
        spec = {"ports": [{"port": spec["port"], "protocol": "TCP", "nodePort": 30002}]}
    result = planned(other, service("a", **spec), pool=NO_POOL)
    assert words in "".join(warned(result))
    assert bool(result.warnings) is bool(words)


def test_without_a_pool_node_ports_that_come_and_go_are_looked_at() -> None:
    """Who waits for such a port of the nodes is served when it is free."""

    async def main() -> None:
        async with live_cluster() as cluster:
            spec = {"type": "NodePort", "ports": [{"port": 80, "nodePort": 30001}]}
            entry = await cluster.create(SERVICES, "a", spec=spec)
            reader = RegistryReader(cluster.registry)

            def wakes(
                pool: AddressPool,
                type: Literal["ADDED", "MODIFIED", "DELETED"],
                previous: Entry | None,
            ) -> bool:
                event = Event(type, entry, previous, entry.revision)
                return bool(list(LoadBalancerController(pool).keys(SERVICES, event, reader)))

            assert wakes(NO_POOL, "ADDED", None) and wakes(NO_POOL, "DELETED", entry)
            assert not wakes(NO_POOL, "MODIFIED", entry)
            assert not wakes(POOL, "ADDED", None)

    virtualtime.run(main())


@pytest.mark.parametrize(
    ("families", "found"),
    [
        ([], ["10.0.0.1"]),
        (["IPv4"], ["10.0.0.1"]),
        (["IPv6"], ["fd00::1"]),
        (["IPv6", "IPv4"], ["10.0.0.1", "fd00::1"]),
    ],
)
def test_without_a_pool_services_have_the_nodes_addresses_of_their_families(
    families: list[str], found: list[str]
) -> None:
    node = node_json("n1", "10.0.0.1")
    node["status"]["addresses"].append({"type": "InternalIP", "address": "fd00::1"})
    nodes = (from_dict(Node, node),)
    result = planned(service("a", ipFamilies=families), pool=NO_POOL, nodes=nodes)
    assert addresses(result) == {"a": found}


def test_a_service_of_ipv6_alone_waits_for_an_address_of_a_pool_and_is_told() -> None:
    (warning,) = warned(planned(service("a", ipFamilies=["IPv6"])))
    assert "addresses of the pool are IPv4" in warning


@pytest.mark.parametrize(
    ("text", "first", "last", "size"),
    [
        ("10.0.0.200-10.0.0.250", "10.0.0.200", "10.0.0.250", 51),
        ("10.0.0.0/29", "10.0.0.1", "10.0.0.6", 6),
        ("10.0.0.4/31", "10.0.0.4", "10.0.0.5", 2),
        ("10.0.0.7", "10.0.0.7", "10.0.0.7", 1),
        ("10.0.0.7, 10.0.1.0/30", "10.0.0.7", "10.0.1.2", 3),
    ],
)
def test_a_pool_is_written_in_every_usual_way(text: str, first: str, last: str, size: int) -> None:
    pool = AddressPool.parse(text)
    found = list(pool)
    assert (found[0], found[-1], len(found)) == (first, last, size)
    assert all(address in pool for address in found)
    assert "10.99.0.1" not in pool and "x" not in pool


@pytest.mark.parametrize(
    "text", ["x", "10.0.0.9-10.0.0.1", "10.0.0.1/24", "10.0.0.1-", "fd00::/64", "10.0.0.300"]
)
def test_what_is_no_pool_is_refused_by_its_part(text: str) -> None:
    with pytest.raises(BadPool, match=r"^'"):
        AddressPool.parse(f"10.1.0.0/24, {text}")
