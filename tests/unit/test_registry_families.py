"""Which families of addresses Services get, in clusters of one family and of both."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from minikube8s.api.errors import ApiError
from minikube8s.api.resources import SERVICES
from minikube8s.registry import Registry, RegistryConfig
from tests.support.registries import a_registry, service

BOTH = RegistryConfig(service_cidr="10.96.0.0/12,fd00:96::/112")


@pytest.fixture
async def single() -> AsyncIterator[Registry]:
    async with a_registry() as made:
        yield made


@pytest.fixture
async def dual() -> AsyncIterator[Registry]:
    async with a_registry(config=BOTH) as made:
        yield made


async def create(registry: Registry, **spec: Any) -> dict[str, Any]:
    made = await registry.create(SERVICES, "default", service("x", **spec))
    found: dict[str, Any] = made.object["spec"]
    return found


async def change(registry: Registry, **fields: Any) -> dict[str, Any]:
    def apply(obj: dict[str, Any]) -> dict[str, Any]:
        obj["spec"].update(fields)
        return obj

    found: dict[str, Any] = (await registry.update(SERVICES, "default", "x", apply)).object["spec"]
    return found


async def refused(work: Any) -> str:
    with pytest.raises(ApiError) as refusal:
        await work
    return refusal.value.message


def shape(spec: dict[str, Any]) -> tuple[str, list[str], list[str]]:
    """Policy, families, and those of the addresses."""
    own = ["IPv6" if ":" in one else "IPv4" for one in spec["clusterIPs"] if one != "None"]
    return spec["ipFamilyPolicy"], spec["ipFamilies"], own


@pytest.mark.parametrize(
    ("asked", "policy", "families"),
    [
        ({}, "SingleStack", ["IPv4"]),
        ({"ipFamilies": ["IPv6"]}, "SingleStack", ["IPv6"]),
        ({"ipFamilyPolicy": "PreferDualStack"}, "PreferDualStack", ["IPv4", "IPv6"]),
        ({"ipFamilyPolicy": "RequireDualStack"}, "RequireDualStack", ["IPv4", "IPv6"]),
        ({"ipFamilies": ["IPv6", "IPv4"]}, "RequireDualStack", ["IPv6", "IPv4"]),
        (
            {"ipFamilies": ["IPv6"], "ipFamilyPolicy": "PreferDualStack"},
            "PreferDualStack",
            ["IPv6", "IPv4"],
        ),
        ({"clusterIP": "fd00:96::9"}, "SingleStack", ["IPv6"]),
        ({"clusterIPs": ["10.96.0.9", "fd00:96::9"]}, "RequireDualStack", ["IPv4", "IPv6"]),
    ],
)
async def test_a_service_gets_an_address_of_each_family_that_it_asks_for(
    dual: Registry, asked: dict[str, Any], policy: str, families: list[str]
) -> None:
    spec = await create(dual, **asked)
    assert shape(spec) == (policy, families, families)
    assert spec["clusterIP"] == spec["clusterIPs"][0]


async def test_headless_services_have_families_and_no_addresses(dual: Registry) -> None:
    spec = await create(dual, clusterIP="None", selector={"a": "b"})
    assert shape(spec) == ("SingleStack", ["IPv4"], [])


async def test_headless_services_without_a_selector_have_every_family(dual: Registry) -> None:
    obj = service("x", clusterIP="None")
    obj["spec"].pop("selector", None)
    spec = (await dual.create(SERVICES, "default", obj)).object["spec"]
    assert shape(spec) == ("RequireDualStack", ["IPv4", "IPv6"], [])


async def test_a_cluster_of_one_family_prefers_in_vain_and_refuses_what_it_cannot_do(
    single: Registry,
) -> None:
    spec = await create(single, ipFamilyPolicy="PreferDualStack")
    assert shape(spec) == ("PreferDualStack", ["IPv4"], ["IPv4"])
    why = await refused(create(single, ipFamilyPolicy="RequireDualStack"))
    assert "this cluster is not configured for dual-stack services" in why
    why = await refused(create(single, ipFamilies=["IPv6"]))
    assert 'spec.ipFamilies[0]: Invalid value: "IPv6": not configured on this cluster' in why


async def test_a_second_address_comes_and_goes_with_the_policy(dual: Registry) -> None:
    first = (await create(dual))["clusterIP"]
    both = await change(dual, ipFamilyPolicy="PreferDualStack")
    assert shape(both) == ("PreferDualStack", ["IPv4", "IPv6"], ["IPv4", "IPv6"])
    assert both["clusterIPs"][0] == first
    again = await change(dual, ipFamilyPolicy="SingleStack")
    assert (again["clusterIPs"], again["ipFamilies"]) == ([first], ["IPv4"])
    # what was given back may be given to another
    other = service("y", clusterIP=both["clusterIPs"][1])
    taken = (await dual.create(SERVICES, "default", other)).object["spec"]["clusterIPs"]
    assert taken == [both["clusterIPs"][1]]


async def test_the_first_family_stays_and_a_second_address_is_given_up_by_the_policy_alone(
    dual: Registry,
) -> None:
    spec = await create(dual, ipFamilyPolicy="RequireDualStack")
    one, two = spec["clusterIPs"]
    why = await refused(change(dual, ipFamilies=["IPv6", "IPv4"], clusterIPs=[two, one]))
    assert "may not change once set" in why
    why = await refused(change(dual, clusterIPs=[one], ipFamilies=["IPv4"]))
    assert "must be set to 'SingleStack' when releasing the secondary clusterIP" in why


async def test_two_addresses_of_one_family_are_refused(dual: Registry) -> None:
    why = await refused(create(dual, clusterIPs=["10.96.0.9", "10.96.0.8"]))
    assert "may specify no more than one IP for each IP family" in why
