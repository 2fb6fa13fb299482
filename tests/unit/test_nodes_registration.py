"""How often Nodes and Leases are written, on a clock that the test moves."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from minikube8s.api.errors import ApiError
from minikube8s.api.resources import LEASES, NODES
from minikube8s.nodes import lost
from minikube8s.nodes.blocks import NoBlockLeft
from minikube8s.nodes.config import NodesConfig
from minikube8s.nodes.register import Introduction
from minikube8s.nodes.registration import LEASE_NAMESPACE, Registered, Registration
from minikube8s.registry import Registry
from minikube8s.store.cache import Cache
from minikube8s.store.memory import MemoryStore
from tests.support.links import node_status


class ManualClock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        raise AssertionError("nothing sleeps here")


class Place:
    def __init__(self, registry: Registry, clock: ManualClock, **config) -> None:
        self.registry = registry
        self.clock = clock
        self.registration = Registration(registry, clock, NodesConfig(**config))

    async def introduce(self, node: str = "one", **fields) -> Registered:
        hello = Introduction(node, node_status(), {}, ())._replace(**fields)
        return await self.registration.introduce(hello)

    def revision(self) -> int:
        return self.registry.get(NODES, None, "one").revision

    def lease(self) -> dict:
        return self.registry.get(LEASES, LEASE_NAMESPACE, "one").object


@pytest.fixture
async def place() -> AsyncIterator[Place]:
    store, clock = MemoryStore(), ManualClock()
    await store.open()
    cache = Cache(store)
    registry = Registry(cache, clock)
    await cache.start()
    yield Place(registry, clock)
    await registry.close()
    await cache.close()
    await store.close()


async def test_the_namespace_of_leases_is_made_when_it_is_missing(place: Place):
    await place.introduce()
    assert place.lease()["spec"]["leaseDurationSeconds"] == 40


async def test_a_node_that_comes_back_unchanged_is_not_written(place: Place):
    assert await place.introduce() == (("10.244.0.0/24",), True, False)
    before = place.revision()
    place.clock.seconds = 60
    assert await place.introduce() == (("10.244.0.0/24",), False, False)
    assert place.revision() == before


async def test_a_machine_that_started_anew_is_told_from_an_agent_that_did(place: Place):
    def status(boot: str) -> dict:
        return node_status() | {"nodeInfo": {"bootID": boot}}

    assert not (await place.introduce(status=status("one"))).rebooted
    assert not (await place.introduce(status=status("one"))).rebooted
    assert (await place.introduce(status=status("two"))).rebooted
    assert not (await place.introduce(status=status("two"))).rebooted


async def test_a_heartbeat_renews_the_lease_and_only_now_and_then_the_node(place: Place):
    await place.introduce()
    before = place.revision()
    place.clock.seconds = 299
    await place.registration.heartbeat("one")
    assert place.lease()["spec"]["renewTime"] == "2026-01-01T00:04:59.000000Z"
    assert place.revision() == before
    place.clock.seconds = 301
    await place.registration.heartbeat("one")
    assert place.revision() > before
    (ready,) = place.registry.get(NODES, None, "one").object["status"]["conditions"]
    assert ready["lastHeartbeatTime"] == "2026-01-01T00:05:01Z"
    assert ready["lastTransitionTime"] == "2026-01-01T00:00:00Z"


async def test_a_heartbeat_of_a_deleted_node_is_an_error(place: Place):
    await place.introduce()
    await place.registry.delete(NODES, None, "one")
    await place.registry.delete(LEASES, LEASE_NAMESPACE, "one")
    with pytest.raises(ApiError, match='nodes "one" not found'):
        await place.registration.heartbeat("one")


async def test_nodes_beyond_the_cluster_range_are_refused_with_the_way_out(place: Place):
    small = Place(place.registry, place.clock, cluster_cidr="10.244.0.0/24")
    await small.introduce()
    with pytest.raises(NoBlockLeft, match="delete Node objects"):
        await small.introduce("two")
    assert {one.name for one in place.registry.list(NODES, None)} == {"one"}
    assert [one.name for one in place.registry.list(LEASES, LEASE_NAMESPACE)] == ["one"]


async def test_a_deleted_node_gives_its_addresses_to_the_next_one(place: Place):
    small = Place(place.registry, place.clock, cluster_cidr="10.244.0.0/24")
    await small.introduce()
    await place.registry.delete(NODES, None, "one")
    assert (await small.introduce("two")).pod_cidrs == ("10.244.0.0/24",)


async def test_a_node_gets_a_block_of_each_family(place: Place):
    both = Place(place.registry, place.clock, cluster_cidr="10.244.0.0/16,fd00:10:244::/56")
    assert (await both.introduce()).pod_cidrs == ("10.244.0.0/24", "fd00:10:244::/64")
    assert (await both.introduce("two")).pod_cidrs == ("10.244.1.0/24", "fd00:10:244:1::/64")
    spec = place.registry.get(NODES, None, "two").object["spec"]
    assert spec["podCIDRs"] == ["10.244.1.0/24", "fd00:10:244:1::/64"]


async def test_lost_nodes_are_tainted_also_when_who_began_with_it_was_interrupted(place: Place):
    def taints(node: str) -> set[str]:
        found = place.registry.get(NODES, None, node).object["spec"].get("taints") or ()
        return {one["effect"] for one in found}

    registration = place.registration
    for node in ("one", "two", "three"):
        await place.introduce(node)
    for node in ("one", "two", "three"):
        await place.registry.update(
            NODES, None, node, lambda obj: lost.unknown_node(obj, "2026-01-01T00:00:00Z"), "status"
        )
        await registration.settle_taints(node)
    assert taints("two") == taints("three") == {"NoSchedule"}, "nobody is ready: all are spared"
    begun = asyncio.Event()
    place.registry.observe(
        NODES, lambda event: begun.set() if b"NoExecute" in event.entry.value else None
    )
    back = asyncio.create_task(registration.status("one", node_status()))
    async with asyncio.timeout(5):
        await begun.wait()
    back.cancel()
    await asyncio.wait([back])
    await registration.status("one", node_status())
    assert taints("one") == set()
    assert taints("two") == taints("three") == {"NoSchedule", "NoExecute"}
