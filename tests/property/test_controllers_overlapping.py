"""Owners with overlapping selectors share no pod, whoever writes what in between."""

import asyncio
from typing import Any, cast

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from minikube8s.api.errors import ApiError
from minikube8s.api.meta import controller_of
from minikube8s.api.resources import (
    DEPLOYMENTS,
    PODS,
    REPLICASETS,
    REPLICATIONCONTROLLERS,
    Resource,
)
from minikube8s.controllers.deployments import DeploymentController
from minikube8s.controllers.garbage import GarbageController
from minikube8s.controllers.replicas import (
    REPLICA_SET,
    REPLICATION_CONTROLLER,
    ReplicasController,
)
from minikube8s.controllers.runner import Runner
from minikube8s.kit.tasks import Supervisor
from minikube8s.registry import Registry
from minikube8s.registry.events import EventRecorder
from minikube8s.store.watching import Event
from tests.support import virtualtime
from tests.support.laggard import Laggard
from tests.support.livecluster import LiveCluster, deployment_body, live_cluster
from tests.support.objects import template

OWNERS: tuple[tuple[Resource, str, int], ...] = (
    (REPLICASETS, "one", 2),
    (REPLICASETS, "two", 3),
    (REPLICATIONCONTROLLERS, "three", 1),
    (DEPLOYMENTS, "four", 2),
    (DEPLOYMENTS, "five", 1),
)
"""All of them select app=web and make pods of the same template."""

DELAYS = st.sampled_from([0.0, 0.001, 0.5, 3.0])
TROUBLE = st.tuples(
    st.sampled_from(
        ["unlabel", "relabel", "disown", "orphan", "delete", "ready", "scale", "drop owner"]
    ),
    st.integers(0, 30),
    DELAYS,
)


class Notary:
    """Sees every change of who controls a pod."""

    def __init__(self, cluster: LiveCluster) -> None:
        self.robberies: list[str] = []
        cluster.cache.observe(PODS.prefix, self.look)

    def look(self, event: Event) -> None:
        owners = event.entry.object["metadata"].get("ownerReferences", [])
        if sum(bool(one.get("controller")) for one in owners) > 1:
            self.robberies.append(f"{event.entry.name} is owned twice")
        before = controller_of(event.previous.object) if event.previous else None
        after = controller_of(event.entry.object)
        if before and after and before["uid"] != after["uid"]:
            self.robberies.append(f"{event.entry.name} was taken from {before['name']}")


async def create_owners(cluster: LiveCluster) -> None:
    for resource, name, replicas in OWNERS:
        body = deployment_body(replicas)
        if resource is REPLICATIONCONTROLLERS:
            body["spec"]["selector"] = {"app": "web"}
        await cluster.create(resource, name, **body)


async def disturb(cluster: LiveCluster, kind: str, at: int) -> None:
    names = cluster.names(PODS)
    name = names[at % len(names)] if names else ""
    resource, owner, _ = OWNERS[at % len(OWNERS)]
    match kind:
        case "unlabel" if name:
            await cluster.change(PODS, name, lambda p: p["metadata"].update(labels={"x": "y"}))
        case "relabel" if name:
            await cluster.change(PODS, name, lambda p: p["metadata"].update(labels={"app": "web"}))
        case "disown" if name:
            await cluster.change(PODS, name, lambda p: p["metadata"].pop("ownerReferences", None))
        case "delete" if name:
            await cluster.delete(PODS, name)
        case "ready" if name:
            await cluster.make_ready(name)
        case "orphan":
            body = template()
            await cluster.create(PODS, f"orphan-{at}", **body)
        case "scale":
            await cluster.change(resource, owner, lambda o: o["spec"].update(replicas=at % 4))
        case "drop owner":
            replicasets = cluster.names(REPLICASETS)
            await cluster.delete(
                REPLICASETS, replicasets[at % len(replicasets)], propagation="Orphan"
            )


def settled(cluster: LiveCluster) -> list[str]:
    """What is not yet as it shall be."""
    wrong: list[str] = []
    pods = [pod for pod in cluster.objects(PODS) if "deletionTimestamp" not in pod["metadata"]]
    for resource in (REPLICASETS, REPLICATIONCONTROLLERS):
        for owner in cluster.objects(resource):
            uid, name = owner["metadata"]["uid"], owner["metadata"]["name"]
            own = [pod for pod in pods if (controller_of(pod) or {}).get("uid") == uid]
            if "deletionTimestamp" in owner["metadata"]:
                wrong.append(f"{name} is not gone")
            if len(own) != owner["spec"]["replicas"]:
                wrong.append(f"{name} has {len(own)} pods")
            if owner["status"].get("replicas", 0) != len(own):
                wrong.append(f"{name} does not tell so")
    for deployment in cluster.objects(DEPLOYMENTS):
        status = deployment["status"]
        if status.get("updatedReplicas", 0) != deployment["spec"]["replicas"]:
            wrong.append(f"{deployment['metadata']['name']} has {status}")
    return wrong


def everything(cluster: LiveCluster) -> list[Any]:
    kinds = (PODS, REPLICASETS, REPLICATIONCONTROLLERS, DEPLOYMENTS)
    return [one for kind in kinds for one in cluster.objects(kind)]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    lags=st.lists(DELAYS, min_size=1, max_size=7),
    script=st.lists(TROUBLE, min_size=1, max_size=25),
)
def test_no_pod_is_owned_twice_and_everybody_gets_as_many_as_it_wants(
    lags: list[float], script: list[tuple[str, int, float]]
) -> None:
    async def main() -> None:
        async with live_cluster() as cluster:
            supervisor, recorder = Supervisor("test"), EventRecorder(cluster.registry, "test")
            controllers: list[Any] = [
                ReplicasController(REPLICA_SET),
                ReplicasController(REPLICATION_CONTROLLER),
                DeploymentController(),
                GarbageController(),
            ]
            runner = Runner(
                cast(Registry, Laggard(cluster.registry, lags)),
                cluster.clock,
                [(one, recorder) for one in controllers],
            )
            notary = Notary(cluster)
            runner.start(supervisor)
            await create_owners(cluster)
            for kind, at, pause in script:
                try:
                    await disturb(cluster, kind, at)
                except ApiError as error:
                    if error.reason not in {"AlreadyExists", "NotFound"}:
                        raise
                await asyncio.sleep(pause)
            await asyncio.sleep(1200)
            before = everything(cluster)
            await asyncio.sleep(3600)
            assert settled(cluster) == []
            assert everything(cluster) == before, "somebody does not come to rest"
            assert notary.robberies == []
            await recorder.close()
            await supervisor.close()
            runner.close()

    virtualtime.run(main())
