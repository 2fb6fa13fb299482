"""What a look reads, and what a change wakes, does not grow with objects that do not concern it."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest

from minikube8s.api.resources import (
    CRONJOBS,
    DEPLOYMENTS,
    ENDPOINTSLICES,
    JOBS,
    NODES,
    PODDISRUPTIONBUDGETS,
    PODS,
    REPLICASETS,
    REPLICATIONCONTROLLERS,
    SERVICES,
    STATEFULSETS,
    Resource,
)
from minikube8s.controllers.cronjobs import CronJobController
from minikube8s.controllers.deployments import DeploymentController
from minikube8s.controllers.disruption import DisruptionController
from minikube8s.controllers.endpoints import EndpointsController, MirroringController, mirroring
from minikube8s.controllers.jobs import JobController
from minikube8s.controllers.replicas import (
    REPLICA_SET,
    REPLICATION_CONTROLLER,
    ReplicasController,
)
from minikube8s.controllers.runner import Controller, RegistryReader
from minikube8s.controllers.statefulsets import StatefulSetController
from minikube8s.store.watching import Event
from tests.support import virtualtime
from tests.support.livecluster import LiveCluster, deployment_body, live_cluster
from tests.support.objects import template
from tests.support.virtualtime import VirtualClock

CONTROLLERS: Sequence[tuple[Controller, Resource]] = (
    (ReplicasController(REPLICA_SET), REPLICASETS),
    (ReplicasController(REPLICATION_CONTROLLER), REPLICATIONCONTROLLERS),
    (DeploymentController(), DEPLOYMENTS),
    (JobController(), JOBS),
    (CronJobController(), CRONJOBS),
    (StatefulSetController(VirtualClock()), STATEFULSETS),
    (EndpointsController(), SERVICES),
    (DisruptionController(), PODDISRUPTIONBUDGETS),
)


class Counting:
    """A reader that counts the entries that it hands out."""

    def __init__(self, cluster: LiveCluster) -> None:
        self._reader = RegistryReader(cluster.registry)
        self.handed_out = 0

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._reader, name)

        def counted(*args: Any) -> Any:
            found = method(*args)
            self.handed_out += len(found) if isinstance(found, list) else found is not None
            return found

        return counted


async def populate(cluster: LiveCluster, app: str) -> None:
    """One owner of each kind that selects app=`app`, and a pod of nobody's with that label."""
    labels = {"app": app}
    for resource in (REPLICASETS, REPLICATIONCONTROLLERS, DEPLOYMENTS, STATEFULSETS):
        body = deployment_body(1)
        body["spec"]["template"] = template(labels=labels)
        selector = labels if resource is REPLICATIONCONTROLLERS else {"matchLabels": labels}
        body["spec"]["selector"] = selector
        await cluster.create(resource, app, **body)
    ports = [{"port": 80}]
    await cluster.create(SERVICES, app, spec={"selector": labels, "ports": ports})
    await cluster.create(
        PODDISRUPTIONBUDGETS, app, spec={"selector": {"matchLabels": labels}, "minAvailable": 1}
    )
    work = template(labels=labels)
    work["spec"]["restartPolicy"] = "Never"
    chosen = {"selector": {"matchLabels": labels}, "manualSelector": True}
    await cluster.create(JOBS, app, spec={"template": work, **chosen})
    schedule = {"schedule": "@daily", "jobTemplate": {"spec": {"template": work}}}
    await cluster.create(CRONJOBS, app, spec=schedule)
    await cluster.create(PODS, app, **template(labels=labels))


def cost(cluster: LiveCluster, controller: Controller, resource: Resource) -> tuple[int, Counter]:  # type: ignore[type-arg]
    """How many entries a look at `mine` and the news of its pod and owners take; whom they wake."""
    reader: Any = Counting(cluster)
    woken: Counter[Any] = Counter()
    for kind in (resource, REPLICASETS, PODS):
        if kind in controller.watches:
            entry = cluster.registry.get(kind, "default", "mine")
            event = Event("MODIFIED", entry, entry, entry.revision)
            woken.update(controller.keys(kind, event, reader))
    for key in woken:
        controller.read(reader, key)
    return reader.handed_out, woken


@pytest.mark.parametrize(
    ("controller", "resource"), CONTROLLERS, ids=[one.name for one, _ in CONTROLLERS]
)
def test_what_a_look_reads_does_not_grow_with_unrelated_objects(
    controller: Controller, resource: Resource
) -> None:
    async def main() -> None:
        async with live_cluster() as cluster:
            await populate(cluster, "mine")
            before = cost(cluster, controller, resource)
            for number in range(100):
                await cluster.add_node(f"other-{number}")
                await populate(cluster, f"other-{number}")
            assert cost(cluster, controller, resource) == before
            assert {name for _, name in before[1]} == {"mine"}

    virtualtime.run(main())


def test_a_copy_of_endpoints_is_looked_at_without_the_slices_of_other_services() -> None:
    async def main() -> None:
        async with live_cluster() as cluster:
            for number in range(20):
                name = f"slice-{number}"
                labels = {"kubernetes.io/service-name": name}
                await cluster.create(
                    ENDPOINTSLICES,
                    name,
                    metadata={"labels": labels},
                    addressType="IPv4",
                    endpoints=[],
                )
            reader: Any = Counting(cluster)
            MirroringController().read(reader, mirroring.Key("default", "mine"))
            assert reader.handed_out == 0

    virtualtime.run(main())


def test_a_node_in_a_zone_wakes_the_services_that_have_pods_on_it_and_no_others() -> None:
    async def main() -> None:
        async with live_cluster() as cluster:
            for app in ("here", "elsewhere"):
                await cluster.create(
                    SERVICES, app, spec={"selector": {"app": app}, "ports": [{"port": 80}]}
                )
            await cluster.create(
                SERVICES,
                "shared-out",
                metadata={"annotations": {"service.kubernetes.io/topology-mode": "Auto"}},
                spec={"selector": {"app": "none"}, "ports": [{"port": 80}]},
            )
            body = template(labels={"app": "here"})
            body["spec"]["nodeName"] = "n1"
            await cluster.create(PODS, "p", **body)
            metadata = {"labels": {"topology.kubernetes.io/zone": "a"}}
            node = await cluster.create(NODES, "n1", metadata=metadata, spec={})
            reader = RegistryReader(cluster.registry)
            event = Event("ADDED", node, None, node.revision)
            woken = EndpointsController().keys(NODES, event, reader)
            assert sorted(key.name for key in woken) == ["here", "shared-out"]

    virtualtime.run(main())
