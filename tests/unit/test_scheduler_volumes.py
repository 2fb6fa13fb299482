"""What claims and volumes mean for where a pod goes, by table and on the real registry."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from minikube8s.api.errors import ApiError
from minikube8s.api.meta import condition
from minikube8s.api.persistence import SELECTED_NODE
from minikube8s.api.resources import (
    NODES,
    PERSISTENTVOLUMECLAIMS,
    PERSISTENTVOLUMES,
    PODS,
    STORAGECLASSES,
)
from minikube8s.api.views import (
    Node,
    PersistentVolume,
    PersistentVolumeClaim,
    Pod,
    StorageClass,
    from_dict,
)
from minikube8s.controllers import Controllers
from minikube8s.registry.events import EventRecorder
from minikube8s.scheduler import Scheduler
from minikube8s.scheduler.framework import Change, Filter, Kind
from minikube8s.scheduler.pods import facts_of, incoming
from minikube8s.scheduler.states import NodeState
from minikube8s.scheduler.storage import VolumeBinder
from minikube8s.scheduler.volumefilters import VolumeBinding, VolumeRestrictions, VolumeZone
from minikube8s.scheduler.volumes import PodVolumes, errands, of_pod
from tests.support import virtualtime
from tests.support.livecluster import LiveCluster, live_cluster
from tests.support.scheduling import Cluster
from tests.support.volumes import claim, class_json, on_node, reference, storage_class, volume
from tests.unit.test_scheduler_loop import Silent

HELPLESS = "Preemption is not helpful for scheduling"
BOUND = {"pv.kubernetes.io/bind-completed": "yes"}
ZONE = "topology.kubernetes.io/zone"
STATIC = storage_class("static", provisioner="kubernetes.io/no-provisioner")


class Shelf:
    """The claims, volumes and classes of a test."""

    def __init__(self, *things: Any) -> None:
        self._things = things

    def claim(self, namespace: str, name: str) -> PersistentVolumeClaim | None:
        return self._named(PersistentVolumeClaim, name)

    def volume(self, name: str) -> PersistentVolume | None:
        return self._named(PersistentVolume, name)

    def volumes(self) -> Iterable[PersistentVolume]:
        return [one for one in self._things if isinstance(one, PersistentVolume)]

    def storage_class(self, name: str) -> StorageClass | None:
        return self._named(StorageClass, name)

    def _named(self, kind: type, name: str) -> Any:
        of_kind = (one for one in self._things if isinstance(one, kind))
        return next((one for one in of_kind if one.metadata.name == name), None)


def node(name: str = "n1", disk: str = "100Gi") -> Node:
    return from_dict(
        Node,
        {
            "metadata": {"name": name, "labels": {"kubernetes.io/hostname": name}},
            "status": {
                "allocatable": {
                    "cpu": "2", "memory": "4Gi", "pods": "10", "ephemeral-storage": disk,
                },
            },
        },
    )  # fmt: skip


def pod(*claims: str, name: str = "p", **volumes: Any) -> Pod:
    named = [{"name": one, "persistentVolumeClaim": {"claimName": one}} for one in claims] + [
        {"name": one, **source} for one, source in volumes.items()
    ]
    spec = {"containers": [{"name": "c", "image": "nginx"}], "volumes": named}
    metadata = {"name": name, "namespace": "default", "uid": f"uid-{name}"}
    return from_dict(Pod, {"metadata": metadata, "spec": spec})


def sentence(wanted: Pod, *things: Any, disk: str = "100Gi", running: tuple[Pod, ...] = ()) -> str:
    cluster = Cluster(node(disk=disk), running={"n1": list(running)})
    return cluster.refusal(wanted, of_pod(wanted, Shelf(*things)))


@pytest.mark.parametrize(
    "wanted, things, why",
    [
        (pod("c"), (), 'persistentvolumeclaim "c" not found.'),
        (
            pod(v={"ephemeral": {}}),
            (),
            'waiting for ephemeral volume controller to create the persistentvolumeclaim "p-v".',
        ),
        (
            pod(v={"ephemeral": {}}),
            (claim("p-v"),),
            "PVC default/p-v was not created for pod default/p (pod is not owner).",
        ),
        (
            pod("c"),
            (claim(phase="Lost", volumeName="v"),),
            'persistentvolumeclaim "c" bound to non-existent persistentvolume "v".',
        ),
        (pod("c"), (claim(),), "pod has unbound immediate PersistentVolumeClaims."),
        (
            pod("c"),
            (claim(storageClassName="static", volumeName="v"), STATIC),
            "pod has unbound immediate PersistentVolumeClaims.",
        ),
        (
            pod("c"),
            (claim(annotations=BOUND, volumeName="v"),),
            "1 node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s).",
        ),
        (
            pod("c"),
            (claim(annotations=BOUND, volumeName="v"), volume(nodeAffinity=on_node("n2"))),
            "1 node(s) didn't match PersistentVolume's node affinity.",
        ),
        (
            pod("c"),
            (claim(storageClassName="static"), STATIC),
            "1 node(s) didn't find available persistent volumes to bind.",
        ),
        (
            pod("c", "d"),
            (
                claim("c", storageClassName="static"),
                claim("d", storageClassName="static"),
                STATIC,
                volume(storageClassName="static", nodeAffinity=on_node("n1")),
            ),
            "1 node(s) didn't find available persistent volumes to bind.",
        ),
        (
            pod("c"),
            (
                claim(storageClassName="local-path"),
                storage_class(
                    allowedTopologies=[
                        {"matchLabelExpressions": [{"key": "zone", "values": ["a"]}]}
                    ]
                ),
            ),
            "1 node(s) didn't find available persistent volumes to bind.",
        ),
        (
            pod("c"),
            (claim(storageClassName="local-path", size="200Gi"), storage_class()),
            "1 node(s) did not have enough free storage.",
        ),
        (
            pod("c"),
            (
                claim(
                    storageClassName="local-path",
                    annotations={"volume.kubernetes.io/selected-node": "n2"},
                ),
                storage_class(),
            ),
            "1 node(s) didn't find available persistent volumes to bind.",
        ),
    ],
)
def test_a_pod_that_its_volumes_keep_from_every_node_is_told_why(
    wanted: Pod, things: tuple[Any, ...], why: str
):
    assert sentence(wanted, *things) == (
        f"0/1 nodes are available: {why} preemption: 0/1 nodes are available: 1 {HELPLESS}."
    )


@pytest.mark.parametrize(
    "things",
    [
        (claim(annotations=BOUND, volumeName="v"), volume(nodeAffinity=on_node("n1"))),
        (claim(annotations=BOUND, volumeName="v"), volume()),
        (claim(storageClassName="local-path"), storage_class()),
        (claim(storageClassName="static"), STATIC, volume(storageClassName="static")),
    ],
)
def test_a_pod_goes_where_its_volumes_are_or_can_be(things: tuple[Any, ...]):
    assert sentence(pod("c"), *things) == ""


def test_a_claim_for_one_pod_is_refused_to_a_second_one():
    mine = claim(annotations=BOUND, volumeName="v", accessModes=["ReadWriteOncePod"])
    assert sentence(pod("c"), mine, volume()) == ""
    told = sentence(pod("c"), mine, volume(), running=(pod("c", name="first"),))
    assert told.startswith(
        "0/1 nodes are available: 1 node has pod using PersistentVolumeClaim with the same name"
        " and ReadWriteOncePod access mode. preemption:"
    )
    shared = claim(annotations=BOUND, volumeName="v")
    assert sentence(pod("c"), shared, volume(), running=(pod("c", name="first"),)) == ""


def test_a_claim_for_one_pod_is_kept_for_the_one_that_was_promised_a_place():
    mine = claim(annotations=BOUND, volumeName="v", accessModes=["ReadWriteOncePod"])
    cluster = Cluster(node())
    wanted = incoming(pod("c"), of_pod(pod("c"), Shelf(mine, volume())))
    there = {"n1": [facts_of(pod("c", name="first"))]}
    assert cluster.decider.decide(wanted, cluster.usage.view()).node == "n1"
    decision = cluster.decider.decide(wanted, cluster.usage.view(), there)
    assert decision.refused_by == {"VolumeRestrictions"}


@pytest.mark.parametrize(("name", "helps"), [("c", True), ("d", False)])
def test_a_node_that_goes_with_the_one_pod_of_a_claim_frees_the_claim(name: str, helps: bool):
    asked = PodVolumes(exclusive=frozenset({("default", "c")}))
    gone = NodeState(node(), [facts_of(pod(name, name="first"))])
    restrictions = VolumeRestrictions()
    assert Kind.NODE_REMOVED in restrictions.wakes
    change = Change(Kind.NODE_REMOVED, gone)
    assert restrictions.helps(incoming(pod("c"), asked), change) is helps


@pytest.mark.parametrize("judge", [VolumeRestrictions(), VolumeBinding(), VolumeZone()])
def test_a_claim_that_changes_wakes_those_who_use_it_and_a_class_wakes_all(judge: Filter):
    wanted = incoming(pod("c", v={"ephemeral": {}}))
    changed = {
        name: judge.helps(wanted, Change(Kind.CLAIM, claim=("default", name)))
        for name in ("c", "p-v", "d")
    }
    assert changed == {"c": True, "p-v": True, "d": False}
    assert not judge.helps(wanted, Change(Kind.CLAIM, claim=("other", "c")))
    assert judge.helps(wanted, Change(Kind.CLAIM))


def test_pods_that_wait_for_claims_are_not_looked_at_for_those_of_others() -> None:
    async def main() -> None:
        async with live_cluster() as cluster:
            scheduler = Scheduler(cluster.registry, Silent(), cluster.clock)
            task = asyncio.ensure_future(scheduler.run())
            await add_node(cluster, "n1")
            await add_pod(cluster, "p", "missing")
            await cluster.until(lambda: scheduler.figures().unschedulable == 1)
            before = scheduler.figures().attempts
            for number in range(20):
                await add_claim(cluster, f"c{number}", "nobodys")
            await asyncio.sleep(30)
            assert scheduler.figures().attempts == before
            await add_claim(cluster, "missing", "nobodys")
            await cluster.until(lambda: scheduler.figures().attempts != before, 15)
            await scheduler.close()
            task.cancel()

    virtualtime.run(main())


def test_volumes_that_exist_are_taken_before_new_ones_are_made():
    things = (
        claim("c", storageClassName="local-path"),
        claim("d", storageClassName="local-path"),
        storage_class(),
        volume("v", storageClassName="local-path", nodeAffinity=on_node("n1")),
        volume("w", storageClassName="local-path", nodeAffinity=on_node("n2")),
    )
    found = errands(of_pod(pod("c", "d"), Shelf(*things)), node())
    assert [one.volume and one.volume.metadata.name for one in found] == ["v", None]
    reserved = volume("v", claimRef=reference("c", ""), storageClassName="local-path")
    (one,) = errands(of_pod(pod("c"), Shelf(*things[:1], storage_class(), reserved)), node())
    assert one.volume == reserved


@asynccontextmanager
async def running(cluster: LiveCluster) -> AsyncIterator[None]:
    recorder = EventRecorder(cluster.registry, "default-scheduler")
    scheduler = Scheduler(cluster.registry, recorder, cluster.clock)
    controllers = Controllers(cluster.registry, cluster.clock)
    tasks = [asyncio.ensure_future(one.run()) for one in (scheduler, controllers)]
    try:
        yield
    finally:
        await controllers.close()
        await scheduler.close()
        await recorder.close()
        for task in tasks:
            task.cancel()


def play(scenario: Callable[[LiveCluster], Awaitable[None]]) -> None:
    async def main() -> None:
        async with live_cluster() as cluster, running(cluster):
            await scenario(cluster)

    virtualtime.run(main())


async def add_node(cluster: LiveCluster, name: str) -> None:
    await cluster.add_node(name)

    def tell(node: dict[str, Any]) -> None:
        node["metadata"].setdefault("annotations", {})["mk8s.io/volumes-dir"] = "/srv"
        node["metadata"]["labels"] = {"kubernetes.io/hostname": name}

    await cluster.change(NODES, name, tell)


async def add_claim(cluster: LiveCluster, name: str, class_name: str, **spec: Any) -> None:
    wanted = {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": "1Gi"}},
        "storageClassName": class_name,
        **spec,
    }
    await cluster.create(PERSISTENTVOLUMECLAIMS, name, spec=wanted)


async def add_class(cluster: LiveCluster, name: str = "local-path", **fields: Any) -> None:
    body = {**class_json(name, **fields)}
    await cluster.create(STORAGECLASSES, name, **{k: body[k] for k in body if k != "metadata"})


async def add_volume(cluster: LiveCluster, name: str, **spec: Any) -> None:
    wanted = {
        "accessModes": ["ReadWriteOnce"],
        "capacity": {"storage": "1Gi"},
        "hostPath": {"path": f"/srv/{name}"},
        **spec,
    }
    await cluster.create(PERSISTENTVOLUMES, name, spec=wanted)


async def add_pod(cluster: LiveCluster, name: str, *claims: str) -> None:
    volumes = [{"name": one, "persistentVolumeClaim": {"claimName": one}} for one in claims]
    spec = {"containers": [{"name": "c", "image": "nginx"}], "volumes": volumes}
    await cluster.create(PODS, name, spec=spec)


def home(cluster: LiveCluster, name: str) -> str:
    return str(cluster.registry.get(PODS, "default", name).object["spec"].get("nodeName", ""))


def the_claim(cluster: LiveCluster, name: str) -> dict[str, Any]:
    return cluster.registry.get(PERSISTENTVOLUMECLAIMS, "default", name).object


def phases(cluster: LiveCluster) -> dict[str, str]:
    found = cluster.objects(PERSISTENTVOLUMES, None)
    return {one["metadata"]["name"]: one["status"]["phase"] for one in found}


def test_a_claim_gets_its_volume_where_its_first_consumer_goes_and_without_waiting() -> None:
    async def scenario(cluster: LiveCluster) -> None:
        await add_class(cluster)
        await add_node(cluster, "n1")
        await add_claim(cluster, "c", "local-path")
        await asyncio.sleep(60)
        assert the_claim(cluster, "c")["status"]["phase"] == "Pending"
        assert phases(cluster) == {}
        start = cluster.clock.monotonic()
        await add_pod(cluster, "p", "c")
        await cluster.until(lambda: home(cluster, "p") == "n1")
        assert cluster.clock.monotonic() == start
        await asyncio.sleep(1)
        bound = the_claim(cluster, "c")
        assert bound["status"]["phase"] == "Bound"
        assert bound["status"]["capacity"] == {"storage": "1Gi"}
        name = bound["spec"]["volumeName"]
        assert name == f"pvc-{bound['metadata']['uid']}"
        await asyncio.sleep(1)
        assert phases(cluster) == {name: "Bound"}
        for reason in ("WaitForFirstConsumer", "ExternalProvisioning", "Provisioning"):
            assert cluster.events(reason), reason
        assert cluster.events("ProvisioningSucceeded") == [
            f"Successfully provisioned volume {name}"
        ]
        assert cluster.events("FailedScheduling") == []

    play(scenario)


def test_an_immediate_claim_is_bound_without_a_pod_and_a_second_pod_follows_its_volume() -> None:
    async def scenario(cluster: LiveCluster) -> None:
        await add_class(cluster, volumeBindingMode="Immediate")
        for name in ("n1", "n2"):
            await add_node(cluster, name)
        await add_claim(cluster, "c", "local-path")
        await cluster.until(lambda: the_claim(cluster, "c")["status"]["phase"] == "Bound")
        for name in ("p", "q"):
            await add_pod(cluster, name, "c")
            await cluster.until(lambda name=name: home(cluster, name) == "n1")

    play(scenario)


def test_a_pod_waits_for_its_claim_and_goes_when_it_comes_without_polling() -> None:
    async def scenario(cluster: LiveCluster) -> None:
        await add_node(cluster, "n1")
        await add_pod(cluster, "p", "c")
        await asyncio.sleep(3600)
        assert len(cluster.events("FailedScheduling")) == 1
        told = condition(cluster.registry.get(PODS, "default", "p").object, "PodScheduled") or {}
        assert told["message"].startswith(
            '0/1 nodes are available: persistentvolumeclaim "c" not found.'
        )
        start = cluster.clock.monotonic()
        await add_volume(cluster, "v")
        await add_claim(cluster, "c", "")
        await cluster.until(lambda: home(cluster, "p") == "n1")
        assert cluster.clock.monotonic() - start <= 2

    play(scenario)


def test_a_static_volume_decides_the_node_of_a_pod_whose_claim_waits() -> None:
    async def scenario(cluster: LiveCluster) -> None:
        await add_class(cluster, "static", provisioner="kubernetes.io/no-provisioner")
        for name in ("n1", "n2"):
            await add_node(cluster, name)
        there = {"storageClassName": "static", "hostPath": None, "local": {"path": "/srv/disk"}}
        local = {name: value for name, value in there.items() if value is not None}
        spec = {"accessModes": ["ReadWriteOnce"], "capacity": {"storage": "1Gi"}, **local}
        spec["nodeAffinity"] = on_node("n2")
        await cluster.create(PERSISTENTVOLUMES, "v", spec=spec)
        await add_claim(cluster, "c", "static")
        await add_pod(cluster, "p", "c")
        await cluster.until(lambda: home(cluster, "p") == "n2")
        assert the_claim(cluster, "c")["spec"]["volumeName"] == "v"

    play(scenario)


def test_a_volume_that_may_be_used_otherwise_from_now_on_helps_who_waits_for_it() -> None:
    async def scenario(cluster: LiveCluster) -> None:
        await add_class(cluster, "static", provisioner="kubernetes.io/no-provisioner")
        await add_node(cluster, "n1")
        await add_volume(cluster, "v", storageClassName="static", accessModes=["ReadOnlyMany"])
        await add_claim(cluster, "c", "static")
        await add_pod(cluster, "p", "c")
        await asyncio.sleep(60)
        assert home(cluster, "p") == ""

        def allow(volume: dict[str, Any]) -> None:
            volume["spec"]["accessModes"].append("ReadWriteOnce")

        await cluster.change(PERSISTENTVOLUMES, "v", allow)
        await cluster.until(lambda: home(cluster, "p") == "n1", 15)

    play(scenario)


def test_two_claims_for_one_volume_share_nothing() -> None:
    async def scenario(cluster: LiveCluster) -> None:
        await add_volume(cluster, "v")
        await asyncio.gather(*(add_claim(cluster, name, "") for name in ("a", "b", "c")))
        await asyncio.sleep(5)
        bound = [
            name
            for name in ("a", "b", "c")
            if the_claim(cluster, name)["status"]["phase"] == "Bound"
        ]
        assert len(bound) == 1
        assert phases(cluster) == {"v": "Bound"}
        await cluster.delete(PERSISTENTVOLUMECLAIMS, bound[0])
        await asyncio.sleep(5)
        assert phases(cluster) == {"v": "Released"}

        def free(volume: dict[str, Any]) -> None:
            volume["spec"].pop("claimRef")

        await cluster.change(PERSISTENTVOLUMES, "v", free)
        await asyncio.sleep(5)
        assert phases(cluster) == {"v": "Bound"}

    play(scenario)


def test_a_pod_whose_provisioner_never_answers_holds_up_no_other_and_is_told_in_the_end() -> None:
    async def scenario(cluster: LiveCluster) -> None:
        await add_class(cluster, "foreign", provisioner="example.com/disk")
        await add_node(cluster, "n1")
        for number in range(20):
            await add_claim(cluster, f"c{number}", "foreign")
            await add_pod(cluster, f"p{number}", f"c{number}")
        await add_pod(cluster, "plain")
        await cluster.until(lambda: home(cluster, "plain") == "n1", 1)
        await asyncio.sleep(700)
        told = cluster.events("FailedScheduling")
        assert told[0] == (
            'running PreBind plugin "VolumeBinding": binding volumes: context deadline exceeded'
        )

    play(scenario)


def test_a_pod_whose_provisioner_gives_a_claim_back_tries_again_less_and_less_often() -> None:
    async def scenario(cluster: LiveCluster) -> None:
        await add_class(cluster, "foreign", provisioner="example.com/disk")
        await add_node(cluster, "n1")
        await add_claim(cluster, "c", "foreign")
        await add_pod(cluster, "p", "c")

        def selected() -> bool:
            return SELECTED_NODE in the_claim(cluster, "c")["metadata"].get("annotations", {})

        def give_back(claim: dict[str, Any]) -> None:
            del claim["metadata"]["annotations"][SELECTED_NODE]

        pauses = []
        for _ in range(4):
            await asyncio.sleep(30)
            assert selected()
            await cluster.change(PERSISTENTVOLUMECLAIMS, "c", give_back)
            start = cluster.clock.monotonic()
            await cluster.until(selected, 20)
            pauses.append(cluster.clock.monotonic() - start)
        assert pauses == pytest.approx([0, 1, 2, 4], abs=0.2)

    play(scenario)


def test_a_pod_whose_claim_cannot_be_written_is_tried_again_with_pauses(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def scenario(cluster: LiveCluster) -> None:
        await add_class(cluster, "foreign", provisioner="example.com/disk")
        await add_node(cluster, "n1")
        await add_claim(cluster, "c", "foreign")
        tries = 0

        async def refuse(*_: Any) -> None:
            nonlocal tries
            tries += 1
            await asyncio.sleep(0.001)
            raise ApiError(500, "InternalError", "the disk is full", {})

        monkeypatch.setattr(VolumeBinder, "_select", refuse)
        await add_pod(cluster, "p", "c")
        await asyncio.sleep(10)
        assert 3 < tries < 20

    play(scenario)


def test_a_pod_deleted_while_its_claims_are_bound_takes_nothing_from_the_node() -> None:
    async def scenario(cluster: LiveCluster) -> None:
        await add_class(cluster, "foreign", provisioner="example.com/disk")
        await cluster.add_node("n1", pods="1")
        await add_claim(cluster, "c", "foreign")
        await add_pod(cluster, "p", "c")
        await asyncio.sleep(1)
        await add_pod(cluster, "next")
        await asyncio.sleep(1)
        assert home(cluster, "next") == "", "the waiting pod holds its place"
        await cluster.delete(PODS, "p")
        await cluster.until(lambda: home(cluster, "next") == "n1", 5)
        await cluster.delete(PODS, "next", grace_period_seconds=0)
        await add_pod(cluster, "p", "c")
        await asyncio.sleep(1)
        await cluster.delete(PODS, "p")
        await add_pod(cluster, "p")
        await cluster.until(lambda: home(cluster, "p") == "n1", 5)

    play(scenario)


def test_a_scheduler_started_anew_goes_on_where_the_last_one_ended() -> None:
    async def main() -> None:
        async with live_cluster() as cluster:
            await add_class(cluster)
            await add_node(cluster, "n1")
            await add_node(cluster, "n2")
            await add_claim(cluster, "c", "local-path")
            await add_pod(cluster, "p", "c")

            def select(claim: dict[str, Any]) -> None:
                annotations = {"volume.kubernetes.io/selected-node": "n2"}
                claim["metadata"]["annotations"] = annotations

            await cluster.change(PERSISTENTVOLUMECLAIMS, "c", select)
            async with running(cluster):
                await cluster.until(lambda: home(cluster, "p") == "n2")

    virtualtime.run(main())


@pytest.mark.parametrize(
    ("labels", "zone", "why"),
    [
        ({ZONE: "a"}, "a", ""),
        ({ZONE: "a"}, "b", "1 node(s) had no available volume zone."),
        ({ZONE: "a__b"}, "b", ""),
        ({ZONE: "a"}, "", ""),
        ({"topology.kubernetes.io/region": "r"}, "a", "1 node(s) had no available volume zone."),
        ({"other": "a"}, "b", ""),
    ],
)
def test_a_volume_of_a_zone_is_for_nodes_of_that_zone_where_nodes_have_zones(
    labels: dict[str, str], zone: str, why: str
) -> None:
    host = from_dict(
        Node,
        {
            "metadata": {"name": "n1", "labels": {ZONE: zone} if zone else {}},
            "status": {"allocatable": {"pods": "10"}},
        },
    )
    bound, there = claim(annotations=BOUND, volumeName="v"), volume(labels=labels)
    wanted = pod("c")
    refusal = Cluster(host).refusal(wanted, of_pod(wanted, Shelf(bound, there)))
    found = "0/1 nodes are available:"
    assert refusal == (f"{found} {why} preemption: {found} 1 {HELPLESS}." if why else "")
