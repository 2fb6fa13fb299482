"""Endpoints that users made become EndpointSlices, for Services without a selector."""

from typing import Any

import pytest

from minikube8s.api.resources import ENDPOINTS, ENDPOINTSLICES, SERVICES, Resource
from minikube8s.controllers.actions import Plan
from minikube8s.controllers.endpoints.mirroring import (
    MANAGER,
    Key,
    MirroringController,
    Snapshot,
    plan,
)
from minikube8s.controllers.runner import RegistryReader
from minikube8s.store.watching import Event
from tests.support import virtualtime
from tests.support.livecluster import LiveCluster, live_cluster
from tests.support.objects import metadata

PORTS = [{"name": "http", "port": 80, "protocol": "TCP"}]


def made(*subsets: dict[str, Any], **head: Any) -> dict[str, Any]:
    return {"metadata": metadata("db", **head), "subsets": list(subsets)}


def addresses(*ips: str) -> list[dict[str, str]]:
    return [{"ip": ip} for ip in ips]


def bodies(result: Plan) -> list[dict[str, Any]]:
    return [one.object for one in result.creates]


def copied(endpoints: dict[str, Any]) -> tuple[dict[str, Any], ...]:
    """What the plan's slices look like once they are stored."""
    return tuple(
        {**body, "metadata": {**metadata(f"db-{at}"), **body["metadata"]}}
        for at, body in enumerate(bodies(plan(Snapshot(endpoints, ()))))
    )


def test_a_slice_says_what_the_endpoints_say() -> None:
    target = {"kind": "Pod", "name": "p", "namespace": "default"}
    one = {"ip": "10.0.0.1", "hostname": "h", "nodeName": "n", "targetRef": target}
    ours = {"kubectl.kubernetes.io/last-applied-configuration": "{}"}
    endpoints = made(
        {"addresses": [one], "notReadyAddresses": addresses("10.0.0.2"), "ports": PORTS},
        labels={"team": "blue"},
        annotations={"note": "x", **ours},
    )
    (body,) = bodies(plan(Snapshot(endpoints, ())))
    assert body["metadata"]["labels"] == {
        "team": "blue",
        "kubernetes.io/service-name": "db",
        "endpointslice.kubernetes.io/managed-by": MANAGER,
    }
    assert body["metadata"]["annotations"] == {"note": "x"}
    assert body["metadata"]["ownerReferences"][0]["kind"] == "Endpoints"
    assert (body["addressType"], body["ports"]) == ("IPv4", PORTS)
    assert body["endpoints"] == [
        {
            "addresses": ["10.0.0.1"],
            "conditions": {"ready": True},
            "targetRef": target,
            "hostname": "h",
            "nodeName": "n",
        },
        {"addresses": ["10.0.0.2"], "conditions": {"ready": False}},
    ]


def test_ports_and_families_are_told_apart() -> None:
    other = [{"port": 81, "protocol": "TCP"}]
    endpoints = made(
        {"addresses": addresses("10.0.0.1", "fd00::1"), "ports": PORTS},
        {"addresses": addresses("10.0.0.2"), "ports": other},
        {"addresses": addresses("10.0.0.3"), "ports": PORTS},
    )
    found = {
        (body["addressType"], body["ports"][0]["port"]): [
            one["addresses"][0] for one in body["endpoints"]
        ]
        for body in bodies(plan(Snapshot(endpoints, ())))
    }
    assert found == {
        ("IPv4", 80): ["10.0.0.1", "10.0.0.3"],
        ("IPv6", 80): ["fd00::1"],
        ("IPv4", 81): ["10.0.0.2"],
    }


def test_a_copy_that_is_right_is_not_written_and_a_change_is_one_patch() -> None:
    before = made({"addresses": addresses("10.0.0.1"), "ports": PORTS})
    assert not plan(Snapshot(before, copied(before))).acts
    after = made({"addresses": addresses("10.0.0.2"), "ports": PORTS})
    result = plan(Snapshot(after, copied(before)))
    assert [list(one.patch) for one in result.patches] == [["endpoints"]]
    assert (result.creates, result.deletes) == ((), ())


def test_copies_of_what_is_gone_go() -> None:
    before = made({"addresses": addresses("10.0.0.1"), "ports": PORTS})
    assert len(plan(Snapshot(None, copied(before))).deletes) == 1
    assert len(plan(Snapshot(made(), copied(before))).deletes) == 1


def test_what_cannot_be_copied_is_told() -> None:
    many = addresses(*(f"10.0.{n // 250}.{n % 250}" for n in range(1003)))
    result = plan(Snapshot(made({"addresses": many, "ports": PORTS}), ()))
    assert [one.reason for one in result.warnings] == ["TooManyAddressesToMirror"]
    assert len(bodies(result)[0]["endpoints"]) == 1000
    halves = [{"addresses": many[at : at + 600], "ports": PORTS} for at in (0, 403)]
    result = plan(Snapshot(made(*halves), ()))
    (warning,) = result.warnings
    assert warning.message.endswith("200 addresses were skipped")
    assert len(bodies(result)[0]["endpoints"]) == 1000
    result = plan(Snapshot(made({"addresses": addresses("x"), "ports": PORTS}), ()))
    assert [one.message for one in result.warnings] == [
        "Skipped 1 invalid IP addresses when mirroring to EndpointSlices"
    ]


@pytest.mark.parametrize(
    ("selector", "head", "copies"),
    [
        ({}, {}, 1),
        ({"app": "x"}, {}, 0),
        ({}, {"labels": {"endpointslice.kubernetes.io/skip-mirror": "true"}}, 0),
        ({}, {"annotations": {"control-plane.alpha.kubernetes.io/leader": "{}"}}, 0),
        (None, {}, 0),
    ],
)
def test_only_endpoints_of_services_without_a_selector_are_copied(
    selector: dict[str, str] | None, head: dict[str, Any], copies: int
) -> None:
    async def main() -> None:
        async with live_cluster() as cluster:
            if selector is not None:
                await cluster.create(
                    SERVICES, "db", spec={"selector": selector, "ports": [{"port": 80}]}
                )
            subset = {"addresses": addresses("10.0.0.1"), "ports": PORTS}
            await cluster.create(ENDPOINTS, "db", metadata=head, subsets=[subset])
            assert len(snapshot_plan(cluster).creates) == copies

    virtualtime.run(main())


def test_a_stored_copy_is_found_again() -> None:
    async def main() -> None:
        async with live_cluster() as cluster:
            await cluster.create(SERVICES, "db", spec={"ports": [{"port": 80}]})
            subset = {"addresses": addresses("10.0.0.1"), "ports": [{"port": 80}]}
            await cluster.create(ENDPOINTS, "db", subsets=[subset])
            (create,) = snapshot_plan(cluster).creates
            await cluster.registry.create(ENDPOINTSLICES, "default", create.object)
            assert not snapshot_plan(cluster).acts

    virtualtime.run(main())


def snapshot_plan(cluster: LiveCluster) -> Plan:

    key = Key("default", "db")
    return plan(MirroringController().read(RegistryReader(cluster.registry), key))


def test_endpoints_of_services_with_a_selector_wake_nobody() -> None:
    async def main() -> None:
        async with live_cluster() as cluster:
            ports = [{"port": 80}]
            await cluster.create(SERVICES, "own", spec={"ports": ports})
            await cluster.create(SERVICES, "db", spec={"ports": ports, "selector": {"a": "b"}})
            reader = RegistryReader(cluster.registry)

            def wakes(resource: Resource, name: str) -> bool:
                entry = cluster.registry.get(resource, "default", name)
                event = Event("ADDED", entry, None, entry.revision)
                return bool(MirroringController().keys(resource, event, reader))

            for name in ("own", "db"):
                await cluster.create(ENDPOINTS, name)
                assert wakes(ENDPOINTS, name) is wakes(SERVICES, name) is (name == "own")

    virtualtime.run(main())
