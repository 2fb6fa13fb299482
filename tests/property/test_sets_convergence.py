"""Plans for StatefulSets and DaemonSets, cut off after any write, converge when made again."""

from datetime import timedelta
from typing import Any, NamedTuple

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from minikube8s.api.errors import ApiError
from minikube8s.api.meta import controller_of
from minikube8s.api.resources import (
    CONTROLLERREVISIONS,
    DAEMONSETS,
    NODES,
    PERSISTENTVOLUMECLAIMS,
    PODS,
    STATEFULSETS,
    Resource,
)
from minikube8s.controllers import applying
from minikube8s.controllers.applying import Outdated
from minikube8s.controllers.daemonsets import DaemonSetController
from minikube8s.controllers.daemonsets.placement import wish_of
from minikube8s.controllers.garbage import GarbageController
from minikube8s.controllers.garbage import Key as AnyKey
from minikube8s.controllers.protection import ClaimProtectionController
from minikube8s.controllers.revisions import name_of
from minikube8s.controllers.runner import Controller, RegistryReader
from minikube8s.controllers.statefulsets import StatefulSetController
from tests.support import virtualtime
from tests.support.livecluster import LiveCluster, live_cluster
from tests.support.mortal import Killed, Mortal, Silent
from tests.support.sets import bind, claim_template, daemon_body, stateful_body

ROUNDS = 120
"""How many calm looks at everything must be enough to settle."""
GARBAGE = (PODS, CONTROLLERREVISIONS, PERSISTENTVOLUMECLAIMS)


class Key(NamedTuple):
    namespace: str
    name: str


def looks(
    cluster: LiveCluster, controller: Controller, resource: Resource
) -> list[tuple[Controller, Any]]:
    collector = GarbageController()
    choices: list[tuple[Controller, Any]] = [
        (controller, Key("default", name)) for name in cluster.names(resource)
    ]
    protection = ClaimProtectionController()
    choices += [
        (protection, Key("default", name)) for name in cluster.names(PERSISTENTVOLUMECLAIMS)
    ]
    for kind in GARBAGE:
        choices += [(collector, AnyKey(kind, "default", name)) for name in cluster.names(kind)]
    return choices


async def look(cluster: LiveCluster, controller: Controller, key: Any, writes: int) -> None:
    snapshot = controller.read(RegistryReader(cluster.registry), key)
    if snapshot is None:
        return
    plan = controller.plan(snapshot, cluster.clock.now())
    try:
        await applying.apply(plan, Mortal(cluster.registry, writes), Silent())
    except (Killed, Outdated):
        return


async def play(cluster: LiveCluster) -> None:
    """Do at once what nodes do."""
    for pod in cluster.pods():
        name = pod.metadata.name
        if pod.metadata.deletion_timestamp is not None:
            await cluster.finish(name)
        elif not pod.spec.node_name:
            await bind(cluster, name, wish_of(pod) or "n0")
        elif not pod.ready and not pod.terminal:
            await cluster.make_ready(name)


async def settle(cluster: LiveCluster, controller: Controller, resource: Resource) -> None:
    """Look at everything, uninterrupted, until nothing changes any more."""
    for _ in range(ROUNDS):
        before = cluster.registry.revision
        for one, key in looks(cluster, controller, resource):
            await look(cluster, one, key, 10**6)
        await play(cluster)
        if cluster.registry.revision == before:
            return
        # Pods that fail one after the other are replaced later and later.
        cluster.clock.ahead += STEP
    raise AssertionError(f"still changing after {ROUNDS} rounds")


STEP = timedelta(minutes=20)


async def disturb(cluster: LiveCluster, resource: Resource, kind: str, at: int) -> None:
    """Do what users and nodes do at any moment."""
    try:
        await disturb_pod(cluster, kind, at)
        await disturb_set(cluster, resource, kind, at)
    except ApiError as error:
        if error.reason not in {"AlreadyExists", "NotFound"}:
            raise


async def disturb_pod(cluster: LiveCluster, kind: str, at: int) -> None:
    names = cluster.names(PODS)
    name = names[at % len(names)] if names else ""
    match kind:
        case "play":
            await play(cluster)
        case "fail" if name:
            await cluster.change(PODS, name, lambda p: p["status"].update(phase="Failed"), "status")
        case "unready" if name:
            await cluster.make_ready(name, ready=False)
        case "delete" if name:
            await cluster.delete(PODS, name)
        case "unlabel" if name:
            await cluster.change(PODS, name, lambda p: p["metadata"].update(labels={"x": "y"}))
        case "orphan" if name:
            await cluster.change(PODS, name, lambda p: p["metadata"].pop("ownerReferences", 0))


async def disturb_set(cluster: LiveCluster, resource: Resource, kind: str, at: int) -> None:
    spec: dict[str, Any]
    match kind:
        case "scale" if resource is STATEFULSETS:
            spec = {"replicas": at % 5, "ordinals": {"start": at % 2}}
            await cluster.change(resource, "web", lambda s: s["spec"].update(spec))
        case "roll":
            await cluster.change(resource, "web", lambda s: set_image(s, at % 3))
        case "partition" if resource is STATEFULSETS:
            rolling = {"partition": at % 4}
            spec = {"updateStrategy": {"type": "RollingUpdate", "rollingUpdate": rolling}}
            await cluster.change(resource, "web", lambda s: s["spec"].update(spec))
        case "forget":
            revisions = cluster.names(CONTROLLERREVISIONS)
            if revisions:
                await cluster.delete(CONTROLLERREVISIONS, revisions[at % len(revisions)])
        case "unclaim":
            claims = cluster.names(PERSISTENTVOLUMECLAIMS)
            if claims:
                await cluster.delete(PERSISTENTVOLUMECLAIMS, claims[at % len(claims)])
        case "taint" if resource is DAEMONSETS:
            taints = [{"key": "k", "effect": ("NoSchedule", "NoExecute")[at % 2]}][: at % 3]
            await cluster.change(NODES, f"n{at % 3}", lambda n: n["spec"].update(taints=taints))
        case "lose" if resource is DAEMONSETS and len(cluster.registry.list(NODES)) > 1:
            await cluster.delete(NODES, f"n{at % 3}")


def set_image(obj: dict[str, Any], number: int) -> None:
    obj["spec"]["template"]["spec"]["containers"][0]["image"] = f"nginx:{number}"


LOOK = st.tuples(st.just("look"), st.integers(0, 30), st.integers(0, 4))
PLAY = st.tuples(st.just("play"), st.just(0), st.just(0))
TROUBLE = st.tuples(
    st.sampled_from(
        [
            "fail",
            "unready",
            "delete",
            "unlabel",
            "orphan",
            "scale",
            "roll",
            "partition",
            "forget",
            "unclaim",
            "taint",
            "lose",
        ]
    ),
    st.integers(0, 30),
    st.just(0),
)
SCRIPTS = st.lists(st.one_of(LOOK, LOOK, PLAY, TROUBLE), min_size=20, max_size=80)
STRATEGIES = st.sampled_from(["RollingUpdate", "OnDelete"])
RETENTION = st.sampled_from(["Retain", "Delete"])


async def run(
    cluster: LiveCluster,
    controller: Controller,
    resource: Resource,
    script: list[tuple[str, int, int]],
) -> None:
    for kind, at, writes in script:
        if kind == "look":
            choices = looks(cluster, controller, resource)
            await look(cluster, *choices[at % len(choices)], writes)
        else:
            await disturb(cluster, resource, kind, at)
    for pod in cluster.pods():
        # One that was released keeps its name, which the set needs.
        if "x" in pod.metadata.labels:
            await cluster.delete(PODS, pod.metadata.name, grace_period_seconds=0)
    await settle(cluster, controller, resource)


def owned(cluster: LiveCluster) -> list[dict[str, Any]]:
    return [pod for pod in cluster.objects(PODS) if controller_of(pod)]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    script=SCRIPTS,
    policy=st.sampled_from(["OrderedReady", "Parallel"]),
    strategy=STRATEGIES,
    deleted=RETENTION,
    scaled=RETENTION,
)
def test_a_stateful_set_settles_whatever_happened_and_wherever_plans_were_cut_off(
    script: list[tuple[str, int, int]], policy: str, strategy: str, deleted: str, scaled: str
) -> None:
    async def main() -> None:
        async with live_cluster() as cluster:
            body = stateful_body(
                3,
                podManagementPolicy=policy,
                updateStrategy={"type": strategy},
                volumeClaimTemplates=[claim_template()],
                persistentVolumeClaimRetentionPolicy={
                    "whenDeleted": deleted,
                    "whenScaled": scaled,
                },
            )
            await cluster.create(STATEFULSETS, "web", **body)
            await run(cluster, StatefulSetController(cluster.clock), STATEFULSETS, script)
            check_stateful(cluster)

    virtualtime.run(main())


def check_stateful(cluster: LiveCluster) -> None:
    (obj,) = cluster.objects(STATEFULSETS)
    spec, status = obj["spec"], obj["status"]
    start = spec.get("ordinals", {}).get("start", 0)
    wanted = [f"web-{number}" for number in range(start, start + spec["replicas"])]
    pods = owned(cluster)
    assert sorted(pod["metadata"]["name"] for pod in pods) == wanted
    claims = {one["metadata"]["name"]: one for one in cluster.objects(PERSISTENTVOLUMECLAIMS)}
    policy = spec["persistentVolumeClaimRetentionPolicy"]
    for pod in pods:
        labels, name = pod["metadata"]["labels"], pod["metadata"]["name"]
        assert labels["statefulset.kubernetes.io/pod-name"] == name
        # One that was taken away under a running pod is made again with the next pod.
        claim = claims.get(f"data-{name}")
        owner = controller_of(claim or {})
        if claim is not None:
            assert (owner is not None) == (policy["whenDeleted"] == "Delete")
    update = name_of(obj, status["collisionCount"])
    kept = [one for one in cluster.objects(CONTROLLERREVISIONS) if controller_of(one)]
    assert update in [one["metadata"]["name"] for one in kept]
    assert max(kept, key=lambda one: one["revision"])["metadata"]["name"] == update
    assert status["updateRevision"] == update
    assert status.get("readyReplicas", 0) == status["replicas"] == len(wanted)
    strategy = spec["updateStrategy"]
    if strategy["type"] == "RollingUpdate":
        partition = strategy["rollingUpdate"]["partition"]
        for name in wanted[partition:]:
            (pod,) = (one for one in pods if one["metadata"]["name"] == name)
            assert pod["metadata"]["labels"]["controller-revision-hash"] == update
            image = spec["template"]["spec"]["containers"][0]["image"]
            assert pod["spec"]["containers"][0]["image"] == image


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(script=SCRIPTS, strategy=STRATEGIES, surge=st.booleans())
def test_a_daemon_set_settles_whatever_happened_and_wherever_plans_were_cut_off(
    script: list[tuple[str, int, int]], strategy: str, surge: bool
) -> None:
    async def main() -> None:
        async with live_cluster() as cluster:
            for number in range(3):
                await cluster.add_node(f"n{number}")
            rolling = {"maxUnavailable": 0, "maxSurge": 1} if surge else {"maxUnavailable": 1}
            update: dict[str, Any] = {"type": strategy}
            if strategy == "RollingUpdate":
                update["rollingUpdate"] = rolling
            await cluster.create(DAEMONSETS, "web", **daemon_body(updateStrategy=update))
            await run(cluster, DaemonSetController(cluster.clock), DAEMONSETS, script)
            check_daemon(cluster)

    virtualtime.run(main())


def check_daemon(cluster: LiveCluster) -> None:
    (obj,) = cluster.objects(DAEMONSETS)
    status = obj["status"]
    nodes = {one["metadata"]["name"]: one for one in cluster.objects(NODES, None)}
    wanted = {name for name, one in nodes.items() if not one["spec"].get("taints")}
    pods = [one for one in owned(cluster) if one["spec"]["nodeName"] in nodes]
    homes = [pod["spec"]["nodeName"] for pod in pods]
    assert len(homes) == len(set(homes))
    assert wanted <= set(homes)
    for name in set(homes) - wanted:
        assert [one["effect"] for one in nodes[name]["spec"]["taints"]] == ["NoSchedule"]
    assert status["desiredNumberScheduled"] == status["numberReady"] == len(wanted)
    assert status["numberMisscheduled"] == len(set(homes) - wanted)
    update = name_of(obj, status.get("collisionCount", 0))
    if obj["spec"]["updateStrategy"]["type"] == "RollingUpdate":
        for pod in pods:
            if pod["spec"]["nodeName"] in wanted:
                label = pod["metadata"]["labels"]["controller-revision-hash"]
                assert f"web-{label}" == update
        assert status.get("updatedNumberScheduled", 0) == len(wanted)
