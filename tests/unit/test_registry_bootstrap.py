"""What a cluster has from its first second, and what becomes of that when an older one starts."""

from __future__ import annotations

import logging

import pytest

from minikube8s.api.resources import SERVICES
from minikube8s.registry import RegistryConfig, bootstrap
from tests.support.registries import a_registry


@pytest.mark.parametrize(
    ("cidr", "address"),
    [
        ("10.96.0.0/12", "10.96.0.10"),
        ("10.96.1.0/24", "10.96.1.10"),
        ("10.96.0.8/29", "10.96.0.14"),
    ],
)
async def test_dns_has_the_tenth_address_or_the_last_of_a_small_range(
    cidr: str, address: str
) -> None:
    async with a_registry(config=RegistryConfig(service_cidr=cidr)) as registry:
        assert await bootstrap.ensure_dns(registry) == address
        assert await bootstrap.ensure_dns(registry) == address
        found = registry.get(SERVICES, "kube-system", "kube-dns").object
        assert found["metadata"]["labels"]["k8s-app"] == "kube-dns"
        assert found["spec"]["clusterIP"] == address
        assert "selector" not in found["spec"]


async def test_a_service_that_has_the_address_keeps_it_and_people_are_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with a_registry() as registry:
        spec = {"clusterIP": "10.96.0.10", "ports": [{"port": 80}]}
        body = {"metadata": {"name": "mine"}, "spec": spec}
        await registry.create(SERVICES, "default", body)
        with caplog.at_level(logging.WARNING):
            address = await bootstrap.ensure_dns(registry)
        assert address != "10.96.0.10"
        assert f"cluster DNS answers at {address}, because 10.96.0.10 was taken" in caplog.text
        assert registry.get(SERVICES, "default", "mine").object["spec"]["clusterIP"] == "10.96.0.10"


async def test_a_full_range_leaves_the_cluster_without_dns_and_says_so(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with a_registry(config=RegistryConfig(service_cidr="10.96.0.0/29")) as registry:
        for number in range(2, 7):
            spec = {"clusterIP": f"10.96.0.{number}", "ports": [{"port": 80}]}
            body = {"metadata": {"name": f"s{number}"}, "spec": spec}
            await registry.create(SERVICES, "default", body)
        assert await bootstrap.ensure_dns(registry) == ""
        assert "there is no cluster DNS" in caplog.text
