"""Plans interrupted after any write, in any order, converge when they are made again."""

import asyncio
from collections.abc import Sequence
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from minikube8s.api.errors import ApiError
from minikube8s.api.meta import controller_of
from minikube8s.api.resources import DEPLOYMENTS, ENDPOINTSLICES, PODS, REPLICASETS, SERVICES
from minikube8s.controllers import applying
from minikube8s.controllers.applying import Outdated
from minikube8s.controllers.deployments import DeploymentController
from minikube8s.controllers.endpoints import EndpointsController
from minikube8s.controllers.garbage import GarbageController
from minikube8s.controllers.garbage import Key as AnyKey
from minikube8s.controllers.podfacts import facts_of
from minikube8s.controllers.replicas import REPLICA_SET, ReplicasController
from minikube8s.controllers.runner import Controller, RegistryReader
from tests.support import virtualtime
from tests.support.livecluster import LiveCluster, deployment_body, live_cluster
from tests.support.mortal import Killed, Mortal, Silent

ROUNDS = 80
"""How many calm looks at everything must be enough to settle."""
LONGEST_PAUSE = 301.0
"""Seconds after which nobody waits any more to make pods that nodes refused."""


CONTROLLERS: Sequence[Controller] = (
    ReplicasController(REPLICA_SET),
    DeploymentController(),
    EndpointsController(),
    GarbageController(),
)


def keys(cluster: LiveCluster, controller: Controller) -> list[Any]:
    if isinstance(controller, GarbageController):
        return [
            AnyKey(resource, "default", name)
            for resource in (PODS, REPLICASETS, ENDPOINTSLICES)
            for name in cluster.names(resource)
        ]
    resource = controller.watches[0]
    return [(entry.namespace, entry.name) for entry in cluster.registry.list(resource, "default")]


async def look(cluster: LiveCluster, controller: Controller, key: Any, writes: int) -> None:
    key = key if isinstance(key, AnyKey) else _Key(*key)
    snapshot = controller.read(RegistryReader(cluster.registry), key)
    if snapshot is None:
        return
    plan = controller.plan(snapshot, cluster.clock.now())
    try:
        await applying.apply(plan, Mortal(cluster.registry, writes), Silent())
    except (Killed, Outdated):
        return


class _Key(tuple[str, str]):
    def __new__(cls, namespace: str, name: str) -> "_Key":
        return super().__new__(cls, (namespace, name))

    namespace = property(lambda self: self[0])
    name = property(lambda self: self[1])


async def disturb(cluster: LiveCluster, kind: str, at: int) -> None:
    """Do what users and nodes do at any moment."""
    names = cluster.names(PODS)
    name = names[at % len(names)] if names else ""
    try:
        match kind:
            case "ready" if name:
                await cluster.make_ready(name, ip=f"10.0.0.{at % 250 + 1}")
            case "fail" | "refuse" if name:
                fate = {"phase": "Failed", "reason": "OutOfcpu" if kind == "refuse" else ""}
                await cluster.change(PODS, name, lambda p: p["status"].update(fate), "status")
            case "delete" if name:
                await cluster.delete(PODS, name)
            case "unlabel" if name:
                await cluster.change(PODS, name, lambda p: p["metadata"].update(labels={"x": "y"}))
            case "orphan":
                metadata = {"labels": {"app": "web"}}
                container = {"name": "c", "image": "nginx:9"}
                await cluster.create(
                    PODS, f"orphan-{at}", metadata=metadata, spec={"containers": [container]}
                )
            case "scale":
                await cluster.change(
                    DEPLOYMENTS, "web", lambda d: d["spec"].update(replicas=at % 5)
                )
            case "roll":
                await cluster.change(DEPLOYMENTS, "web", lambda d: set_image(d, at % 3))
            case "pause":
                await cluster.change(
                    DEPLOYMENTS, "web", lambda d: d["spec"].update(paused=at % 2 == 0)
                )
            case "drop":
                replicasets = cluster.names(REPLICASETS)
                if replicasets:
                    await cluster.delete(REPLICASETS, replicasets[at % len(replicasets)])
    except ApiError as error:
        if error.reason not in {"AlreadyExists", "NotFound"}:
            raise


def set_image(deployment: dict[str, Any], number: int) -> None:
    container = deployment["spec"]["template"]["spec"]["containers"][0]
    container["image"] = f"nginx:{number}"


LOOK = st.tuples(st.just("look"), st.integers(0, 30), st.integers(0, 4))
TROUBLE = st.tuples(
    st.sampled_from(
        ["ready", "fail", "refuse", "delete", "unlabel", "orphan", "scale", "roll", "pause", "drop"]
    ),
    st.integers(0, 30),
    st.just(0),
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    script=st.lists(st.one_of(LOOK, LOOK, TROUBLE), min_size=20, max_size=80),
    recreate=st.booleans(),
    established=st.booleans(),
)
def test_whatever_happened_and_wherever_plans_were_cut_off_the_cluster_settles(
    script: list[tuple[str, int, int]], recreate: bool, established: bool
) -> None:
    async def main() -> None:
        async with live_cluster() as cluster:
            strategy = {"strategy": {"type": "Recreate"}} if recreate else {}
            await cluster.create(DEPLOYMENTS, "web", **deployment_body(3, **strategy))
            ports = [{"port": 80}]
            await cluster.create(SERVICES, "web", spec={"selector": {"app": "web"}, "ports": ports})
            if established:
                await settle(cluster)
            for kind, at, writes in script:
                if kind == "look":
                    choices = [(c, k) for c in CONTROLLERS for k in keys(cluster, c)]
                    await look(cluster, *choices[at % len(choices)], writes)
                else:
                    await disturb(cluster, kind, at)
            await cluster.change(DEPLOYMENTS, "web", lambda d: d["spec"].update(paused=False))
            await settle(cluster)
            check_settled(cluster)

    virtualtime.run(main())


async def settle(cluster: LiveCluster) -> None:
    """Let all controllers look at everything, uninterrupted, until nothing changes any more."""
    calm = 0
    for _ in range(ROUNDS):
        before = cluster.registry.revision
        for controller in CONTROLLERS:
            for key in keys(cluster, controller):
                await look(cluster, controller, key, 10**6)
        for number, pod in enumerate(cluster.pods()):
            if not pod.ready and facts_of(pod).active:
                await cluster.make_ready(pod.metadata.name, ip=f"10.0.1.{number + 1}")
        calm = calm + 1 if cluster.registry.revision == before else 0
        if calm == 2:
            return
        if calm:
            await asyncio.sleep(LONGEST_PAUSE)
    raise AssertionError(f"still changing after {ROUNDS} rounds")


def check_settled(cluster: LiveCluster) -> None:
    deployment = cluster.registry.get(DEPLOYMENTS, "default", "web").object
    wanted = deployment["spec"]["replicas"]
    replicasets = {one["metadata"]["uid"]: one for one in cluster.objects(REPLICASETS)}
    sizes = sorted(one["spec"]["replicas"] for one in replicasets.values())
    assert sum(sizes) == wanted == (sizes[-1] if sizes else 0)
    owned = [pod for pod in cluster.objects(PODS) if controller_of(pod)]
    active = [pod for pod in owned if pod["status"]["phase"] not in ("Failed", "Succeeded")]
    assert len(active) == wanted
    for pod in owned:
        assert (controller_of(pod) or {})["uid"] in replicasets, (
            "a pod of a ReplicaSet that is gone"
        )
    for pod in active:
        assert pod["metadata"]["labels"]["app"] == "web"
    status = deployment["status"]
    assert status.get("availableReplicas", 0) == status.get("updatedReplicas", 0) == wanted
    hashes = [one["metadata"]["labels"]["pod-template-hash"] for one in replicasets.values()]
    assert len(hashes) == len(set(hashes))
    revisions = [
        one["metadata"]["annotations"]["deployment.kubernetes.io/revision"]
        for one in replicasets.values()
    ]
    assert len(revisions) == len(set(revisions))
    assert deployment["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == max(
        revisions, key=int
    )
    backends = sorted(
        endpoint["targetRef"]["name"]
        for one in cluster.objects(ENDPOINTSLICES)
        for endpoint in one["endpoints"]
    )
    serving = [
        one.metadata.name
        for one in cluster.pods()
        if one.metadata.labels.get("app") == "web" and one.status.pod_ip and not one.terminal
    ]
    assert backends == sorted(serving)
