"""Evictions never take more than a budget allows, whatever happens at once, whoever is killed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from contextlib import suppress
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from minikube8s.api.errors import ApiError
from minikube8s.api.resources import PODDISRUPTIONBUDGETS, PODS, REPLICASETS
from minikube8s.controllers import applying
from minikube8s.controllers.applying import Outdated
from minikube8s.controllers.disruption.controller import DisruptionController
from minikube8s.controllers.keys import Key
from minikube8s.controllers.runner import RegistryReader
from minikube8s.registry import DeleteOptions, eviction
from tests.support import virtualtime
from tests.support.livecluster import LiveCluster, live_cluster
from tests.support.mortal import Killed, Mortal, Silent
from tests.support.objects import template

BUDGET = Key("default", "web")
MOST = 6

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("evict"), st.lists(st.integers(0, MOST), min_size=1, max_size=4)),
        st.tuples(st.just("evict, killed"), st.tuples(st.integers(0, MOST), st.integers(0, 3))),
        st.tuples(st.just("look"), st.integers(0, 1)),
        st.tuples(st.just("fill"), st.just(0)),
        st.tuples(st.just("wait"), st.integers(1, 300)),
    ),
    min_size=5,
    max_size=25,
)
SPECS = st.one_of(
    st.builds(dict, minAvailable=st.integers(0, 5)),
    st.builds(dict, maxUnavailable=st.integers(0, 3)),
    st.builds(dict, minAvailable=st.sampled_from(["25%", "50%", "100%"])),
    st.builds(dict, maxUnavailable=st.sampled_from(["25%", "50%", "100%"])),
)


async def fill(cluster: LiveCluster, replicaset: dict[str, Any], replicas: int) -> None:
    """Do what a ReplicaSet does, and let every pod be ready at once."""
    metadata = {"labels": {"app": "web"}, "ownerReferences": [owned_by(replicaset)]}
    for number in range(replicas):
        spec = template()["spec"]
        with suppress(ApiError):
            await cluster.create(PODS, f"p{number}", metadata=metadata, spec=spec)
        await cluster.make_ready(f"p{number}")


def owned_by(replicaset: dict[str, Any]) -> dict[str, Any]:
    head = replicaset["metadata"]
    return {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "name": head["name"],
        "uid": head["uid"],
        "controller": True,
    }


async def evict(cluster: LiveCluster, number: int, registry: Any = None) -> None:
    with suppress(ApiError, Killed):
        await eviction.evict(registry or cluster.registry, "default", f"p{number}", DeleteOptions())


async def look(cluster: LiveCluster, writes: int = 9) -> bool:
    """Let the controller look, its process ending after so many writes; tell whether it wrote."""
    controller = DisruptionController()
    snapshot = controller.read(RegistryReader(cluster.registry), BUDGET)
    if snapshot is None:
        return False
    made = controller.plan(snapshot, cluster.clock.now())
    with suppress(Killed, Outdated):
        await applying.apply(made, Mortal(cluster.registry, writes), Silent())
    return made.status is not None


def healthy(cluster: LiveCluster) -> int:
    return sum(pod.ready and pod.metadata.deletion_timestamp is None for pod in cluster.pods())


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(spec=SPECS, replicas=st.integers(1, MOST), steps=STEPS)
def test_a_budgets_bound_holds_under_concurrent_evictions_and_crashes(
    spec: dict[str, Any], replicas: int, steps: list[tuple[str, Any]]
) -> None:
    async def main() -> None:
        async with live_cluster() as cluster:
            selector = {"matchLabels": {"app": "web"}}
            body = {"replicas": replicas, "selector": selector, "template": template()}
            made = (await cluster.create(REPLICASETS, "web", spec=body)).object
            await cluster.create(PODDISRUPTIONBUDGETS, "web", spec={"selector": selector, **spec})
            await fill(cluster, made, replicas)
            await look(cluster)
            needed = cluster.objects(PODDISRUPTIONBUDGETS)[0]["status"]["desiredHealthy"]
            for kind, what in steps:
                before = healthy(cluster)
                match kind:
                    case "evict":
                        wishes: list[Awaitable[None]] = [evict(cluster, one) for one in what]
                        await asyncio.gather(*wishes)
                    case "evict, killed":
                        await evict(cluster, what[0], Mortal(cluster.registry, what[1]))
                    case "look":
                        await look(cluster, what)
                    case "wait":
                        await asyncio.sleep(what)
                    case _:
                        await fill(cluster, made, replicas)
                after = healthy(cluster)
                assert after >= min(before, needed), (kind, what)
            await asyncio.sleep(121)
            await look(cluster)
            assert not await look(cluster), "nothing is left to write"
            status = cluster.objects(PODDISRUPTIONBUDGETS)[0]["status"]
            if "minAvailable" not in spec or isinstance(spec["minAvailable"], str):
                room = healthy(cluster) - status["desiredHealthy"]
                if cluster.pods():
                    assert status["disruptionsAllowed"] == max(0, room)

    virtualtime.run(main())
