"""Cluster addresses and node ports of Services."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from ipaddress import ip_address, ip_network
from typing import Any

import pytest

from minikube8s.api.errors import ApiError
from minikube8s.api.resources import SERVICES
from minikube8s.registry import Registry, RegistryConfig, WriteOptions
from minikube8s.store.memory import MemoryStore
from tests.support.registries import a_registry, service

SMALL = RegistryConfig(service_cidr="10.96.0.0/28", node_port_range=(30000, 30003))


@pytest.fixture
async def registry() -> AsyncIterator[Registry]:
    async with a_registry() as made:
        yield made


@pytest.fixture
async def small() -> AsyncIterator[Registry]:
    async with a_registry(config=SMALL) as made:
        yield made


async def create(registry: Registry, obj: dict[str, Any]) -> dict[str, Any]:
    spec: dict[str, Any] = (await registry.create(SERVICES, "default", obj)).object["spec"]
    return spec


async def change(registry: Registry, name: str = "x", **spec: Any) -> dict[str, Any]:
    def apply(obj: dict[str, Any]) -> dict[str, Any]:
        obj["spec"].update(spec)
        obj["spec"] = {k: v for k, v in obj["spec"].items() if v is not None}
        return obj

    entry = await registry.update(SERVICES, "default", name, apply)
    updated: dict[str, Any] = entry.object["spec"]
    return updated


async def refused(work: Any) -> str:
    with pytest.raises(ApiError) as refusal:
        await work
    return refusal.value.message


def on_node(number: int, **port: Any) -> dict[str, Any]:
    return {"port": 80, "nodePort": number, **port}


async def test_the_api_server_has_the_first_address(registry: Registry) -> None:
    spec = registry.get(SERVICES, "default", "kubernetes").object["spec"]
    assert (spec["clusterIP"], spec["clusterIPs"]) == ("10.96.0.1", ["10.96.0.1"])
    assert spec["ports"][0]["port"] == 443


async def test_a_service_gets_an_address_of_the_range(registry: Registry) -> None:
    spec = await create(registry, service())
    assert ip_address(spec["clusterIP"]) in ip_network("10.96.0.0/12")
    assert spec["clusterIPs"] == [spec["clusterIP"]]
    assert spec["ipFamilies"] == ["IPv4"]
    assert spec["ipFamilyPolicy"] == "SingleStack"
    assert "nodePort" not in spec["ports"][0]


async def test_a_chosen_address_is_given(registry: Registry) -> None:
    assert (await create(registry, service(clusterIP="10.96.0.10")))["clusterIPs"] == ["10.96.0.10"]


async def test_a_taken_address_is_refused(registry: Registry) -> None:
    await create(registry, service("a", clusterIP="10.96.0.10"))
    message = await refused(create(registry, service("b", clusterIP="10.96.0.10")))
    assert message == (
        'Service "b" is invalid: spec.clusterIPs: Invalid value: ["10.96.0.10"]: failed to allocate'
        " IP 10.96.0.10: provided IP is already allocated"
    )


@pytest.mark.parametrize("address", ["10.95.255.255", "10.96.0.0", "10.111.255.255", "192.0.2.1"])
async def test_an_address_out_of_range_is_refused(registry: Registry, address: str) -> None:
    message = await refused(create(registry, service(clusterIP=address)))
    assert (
        f"failed to allocate IP {address}: the provided IP ({address}) is not in the valid range."
        " The range of valid IPs is 10.96.0.0/12"
    ) in message


async def test_headless_and_external_services_take_no_address(small: Registry) -> None:
    headless = await create(small, service("h", clusterIP="None"))
    assert (headless["clusterIP"], headless["clusterIPs"]) == ("None", ["None"])
    again = await create(small, service("h2", clusterIP="None"))
    assert again["clusterIP"] == "None"
    external = {"type": "ExternalName", "externalName": "example.com", "ports": None}
    spec = await create(small, {"metadata": {"name": "e"}, "spec": external})
    assert "clusterIP" not in spec
    assert "clusterIPs" not in spec


async def test_concurrent_services_never_share_an_address_or_port(small: Registry) -> None:
    results = await asyncio.gather(
        *(create(small, service(f"s{n}", type="NodePort")) for n in range(4))
    )
    assert len({spec["clusterIP"] for spec in results}) == 4
    assert {spec["ports"][0]["nodePort"] for spec in results} == {30000, 30001, 30002, 30003}


async def test_of_concurrent_services_that_choose_one_port_one_wins(registry: Registry) -> None:
    results = await asyncio.gather(
        *(create(registry, service(f"s{n}", on_node(30080), type="NodePort")) for n in range(3)),
        return_exceptions=True,
    )
    assert sum(isinstance(result, ApiError) for result in results) == 2


async def test_of_concurrent_services_that_choose_one_address_one_wins(registry: Registry) -> None:
    results = await asyncio.gather(
        *(create(registry, service(f"s{n}", clusterIP="10.96.0.9")) for n in range(3)),
        return_exceptions=True,
    )
    assert sum(isinstance(result, ApiError) for result in results) == 2


async def test_concurrent_services_can_use_up_the_range(small: Registry) -> None:
    results = await asyncio.gather(*(create(small, service(f"s{n}")) for n in range(13)))
    assert len({spec["clusterIP"] for spec in results}) == 13


async def test_full_ranges_say_so_and_release_what_was_reserved(small: Registry) -> None:
    for n in range(4):
        await create(small, service(f"n{n}", type="NodePort"))
    message = await refused(create(small, service("n4", type="NodePort")))
    assert "failed to allocate a nodePort: range is full: free a port, or start" in message
    free = 14 - 1 - 4
    for n in range(free):
        await create(small, service(f"c{n}"))
    message = await refused(create(small, service("c9")))
    assert "failed to allocate a serviceIP: range is full: delete Services" in message


async def test_a_node_port_of_the_range_is_given(registry: Registry) -> None:
    spec = await create(registry, service(type="NodePort"))
    assert 30000 <= spec["ports"][0]["nodePort"] <= 32767


async def test_a_taken_node_port_is_refused(registry: Registry) -> None:
    await create(registry, service("a", on_node(30080), type="NodePort"))
    message = await refused(create(registry, service("b", on_node(30080), type="NodePort")))
    assert message == (
        'Service "b" is invalid: spec.ports[0].nodePort: Invalid value: 30080: provided port is'
        " already allocated"
    )


async def test_a_node_port_out_of_range_is_refused(registry: Registry) -> None:
    message = await refused(create(registry, service("a", on_node(80), type="NodePort")))
    assert message == (
        'Service "a" is invalid: spec.ports[0].nodePort: Invalid value: 80: provided port is not in'
        " the valid range. The range of valid ports is 30000-32767"
    )


async def test_a_refused_service_holds_nothing(registry: Registry) -> None:
    await create(registry, service("a", on_node(30081), type="NodePort"))
    wrong = service(
        "b", on_node(30080, name="a"), on_node(30081, name="b", port=81), type="NodePort"
    )
    await refused(create(registry, {**wrong, "spec": {**wrong["spec"], "clusterIP": "10.96.0.9"}}))
    right = service("c", on_node(30080), type="NodePort", clusterIP="10.96.0.9")
    assert (await create(registry, right))["clusterIP"] == "10.96.0.9"


async def test_a_dry_run_holds_nothing(registry: Registry) -> None:
    wanted = service("a", on_node(30080), type="NodePort", clusterIP="10.96.0.9")
    await registry.create(SERVICES, "default", wanted, WriteOptions(dry_run=True))
    await create(registry, wanted)


async def test_one_port_number_may_serve_two_protocols_of_one_service(registry: Registry) -> None:
    dns = [{"name": p.lower(), "port": 53, "protocol": p} for p in ("TCP", "UDP")]
    spec = await create(registry, service("a", *dns, type="NodePort"))
    assert spec["ports"][0]["nodePort"] == spec["ports"][1]["nodePort"]
    two = [on_node(30053, name="t", port=53), on_node(30053, name="u", port=53, protocol="UDP")]
    await create(registry, service("b", *two, type="NodePort"))


async def test_deleting_a_service_frees_what_it_held(registry: Registry) -> None:
    wanted = service("a", on_node(30080), type="NodePort", clusterIP="10.96.0.9")
    await create(registry, wanted)
    await registry.delete(SERVICES, "default", "a")
    await create(registry, {**wanted, "metadata": {"name": "b"}})


async def test_turning_into_cluster_ip_frees_the_node_port(registry: Registry) -> None:
    before = await create(registry, service("x", on_node(30080), type="NodePort"))
    after = await change(registry, type="ClusterIP")
    assert "nodePort" not in after["ports"][0]
    assert after["clusterIP"] == before["clusterIP"]
    await create(registry, service("y", on_node(30080), type="NodePort"))


async def test_turning_into_external_name_frees_the_address(registry: Registry) -> None:
    await create(registry, service("x", clusterIP="10.96.0.9"))
    spec = await change(registry, type="ExternalName", externalName="example.com")
    assert "clusterIP" not in spec
    await create(registry, service("y", clusterIP="10.96.0.9"))
    back = await change(registry, type="ClusterIP", externalName=None)
    assert back["clusterIP"] not in ("", "10.96.0.9", None)


async def test_a_replacement_without_addresses_keeps_those_it_has(registry: Registry) -> None:
    before = await create(registry, service("x", type="NodePort"))
    fresh = service("x", {"port": 80, "targetPort": 8080}, type="NodePort")
    entry = await registry.update(SERVICES, "default", "x", lambda _: fresh)
    after = entry.object["spec"]
    assert after["clusterIP"] == before["clusterIP"]
    assert after["ports"][0]["nodePort"] == before["ports"][0]["nodePort"]
    assert after["ports"][0]["targetPort"] == 8080


async def test_an_added_port_gets_a_node_port_of_its_own(registry: Registry) -> None:
    before = await create(registry, service("x", {"name": "a", "port": 80}, type="NodePort"))
    after = await change(registry, ports=[before["ports"][0], {"name": "b", "port": 81}])
    assert after["ports"][0] == before["ports"][0]
    assert after["ports"][1]["nodePort"] != after["ports"][0]["nodePort"]


async def test_a_changed_node_port_frees_the_old_one(registry: Registry) -> None:
    await create(registry, service("x", on_node(30080), type="NodePort"))
    await change(registry, ports=[on_node(30081)])
    await create(registry, service("y", on_node(30080), type="NodePort"))
    message = await refused(change(registry, ports=[on_node(30080)]))
    assert "provided port is already allocated" in message


async def test_the_cluster_address_does_not_change(registry: Registry) -> None:
    await create(registry, service("x", clusterIP="10.96.0.9"))
    message = await refused(change(registry, clusterIP="10.96.0.10"))
    assert "may not change once set" in message


async def test_a_local_load_balancer_gets_a_health_check_port(registry: Registry) -> None:
    spec = await create(registry, service("x", type="LoadBalancer", externalTrafficPolicy="Local"))
    port = spec["healthCheckNodePort"]
    assert port not in (0, spec["ports"][0]["nodePort"])
    after = await change(registry, externalTrafficPolicy="Cluster")
    assert "healthCheckNodePort" not in after
    await create(registry, service("y", on_node(port), type="NodePort"))


async def test_a_load_balancer_may_do_without_node_ports(registry: Registry) -> None:
    spec = await create(
        registry, service("x", type="LoadBalancer", allocateLoadBalancerNodePorts=False)
    )
    assert "nodePort" not in spec["ports"][0]


async def test_what_is_held_is_known_after_a_restart() -> None:
    store = MemoryStore()
    async with a_registry(store=store) as registry:
        await create(registry, service("a", on_node(30080), type="NodePort", clusterIP="10.96.0.9"))
    async with a_registry(store=store) as registry:
        for wanted in (
            service("b", on_node(30080), type="NodePort"),
            service("c", clusterIP="10.96.0.9"),
        ):
            assert "already allocated" in await refused(create(registry, wanted))
