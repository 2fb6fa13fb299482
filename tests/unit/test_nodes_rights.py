"""A node speaks for itself and its own pods: every report that it may not make, and why."""

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from minikube8s.api import localpath
from minikube8s.api.errors import ApiError
from minikube8s.api.resources import (
    EVENTS,
    LEASES,
    NETWORKPOLICIES,
    NODES,
    PERSISTENTVOLUMES,
    PODS,
    SERVICES,
)
from minikube8s.nodes.config import NodesConfig
from minikube8s.nodes.refusal import Refusal
from minikube8s.nodes.register import Introduction
from minikube8s.nodes.registration import LEASE_NAMESPACE, Registration
from minikube8s.nodes.reports import Reports
from minikube8s.registry import Registry
from minikube8s.registry.events import EventRecorder
from minikube8s.rpc import agent_pb2
from tests.support.links import node_status
from tests.support.registries import a_registry, pod
from tests.support.volumes import on_node, volume_json


class Place:
    """Nodes one and two; reports come from one. Pods are named after their node."""

    def __init__(self, registry: Registry, reports: Reports, recorder: EventRecorder) -> None:
        self.registry, self.reports, self.recorder = registry, reports, recorder

    async def send(self, **message: Any) -> None:
        await self.reports.write(agent_pb2.Up(sequence=1, **message))

    def pod(self, name: str) -> dict[str, Any]:
        return self.registry.get(PODS, "default", name).object

    def uid(self, name: str) -> str:
        return str(self.pod(name)["metadata"]["uid"])

    def reference(self, name: str) -> dict[str, str]:
        return {"kind": "Pod", "namespace": "default", "name": name, "uid": self.uid(name)}


@pytest.fixture
async def place() -> AsyncIterator[Place]:
    async with a_registry() as registry:
        registration = Registration(registry, registry.clock, NodesConfig())
        for name in ("one", "two"):
            await registration.introduce(Introduction(name, node_status(), {}, ()))
        for name in ("one", "two", "nowhere"):
            body = pod(name)
            if name != "nowhere":
                body["spec"]["nodeName"] = name
            await registry.create(PODS, "default", body)
        recorder = EventRecorder(registry, "kubelet", "one")
        reports = Reports(
            "one", registry, registry.clock, registration, recorder, registration.heartbeat
        )
        yield Place(registry, reports, recorder)
        await recorder.close()


@pytest.mark.parametrize(
    ("name", "why"),
    [("two", 'it is bound to node "two"'), ("nowhere", "it is not bound to a node")],
)
async def test_the_status_and_the_end_of_other_pods_are_refused(
    place: Place, name: str, why: str
) -> None:
    before = place.pod(name)
    about = {"namespace": "default", "name": name, "uid": place.uid(name)}
    status = agent_pb2.PodStatus(**about, status_json=b'{"phase": "Failed"}')
    for message in ({"pod_status": status}, {"pod_gone": agent_pb2.PodGone(**about)}):
        with pytest.raises(Refusal) as refused:
            await place.send(**message)
        assert refused.value.reason == "Forbidden"
        assert refused.value.message == (f'node "one" cannot report on pod "default/{name}": {why}')
    assert place.pod(name) == before


@pytest.mark.parametrize(
    "involved",
    [
        {"kind": "Node", "name": "two"},
        {"kind": "Node", "name": "one", "namespace": "kube-system"},
        {"kind": "Secret", "namespace": "default", "name": "s"},
        {"kind": "Deployment", "namespace": "default", "name": "web"},
        {"kind": "Pod", "namespace": "default", "name": "two", "uid": "made-up"},
        {"kind": "NetworkPolicy", "namespace": "default", "name": "nowhere"},
        {"kind": "Service", "namespace": "default", "name": "nowhere"},
        {},
    ],
    ids=lambda one: f"{one.get('kind')} {one.get('name')}",
)
async def test_events_about_anything_else_are_refused(
    place: Place, involved: dict[str, str]
) -> None:
    event = agent_pb2.Event(
        involved_json=msgspec.json.encode(involved), type="Normal", reason="Forged", message="x"
    )
    with pytest.raises(Refusal) as refused:
        await place.send(event=event)
    assert refused.value.reason == "Forbidden"
    assert refused.value.message.startswith('node "one" cannot ')


async def test_events_about_itself_its_pods_policies_and_services_are_recorded(
    place: Place,
) -> None:
    policy = {"metadata": {"name": "deny"}, "spec": {"podSelector": {}}}
    await place.registry.create(NETWORKPOLICIES, "default", policy)
    enforced = {"kind": "NetworkPolicy", "namespace": "default", "name": "deny"}
    named = {"type": "ExternalName", "externalName": "example.org"}
    await place.registry.create(SERVICES, "default", {"metadata": {"name": "web"}, "spec": named})
    served = {"kind": "Service", "namespace": "default", "name": "web"}
    node = {"kind": "Node", "name": "one", "uid": "one"}
    for involved in (node, place.reference("one"), enforced, served):
        data = msgspec.json.encode(involved)
        event = agent_pb2.Event(involved_json=data, type="Normal", reason="Fine", message="x")
        await place.send(event=event)
    assert await place.recorder.flush()
    told = {entry.object["involvedObject"]["kind"] for entry in place.registry.list(EVENTS)}
    assert told == {"Node", "Pod", "NetworkPolicy", "Service"}


async def test_a_report_that_names_no_uid_is_about_no_pod(place: Place) -> None:
    status = b'{"phase": "Failed"}'
    about = {"namespace": "default", "name": "one", "uid": ""}
    await place.send(pod_status=agent_pb2.PodStatus(**about, status_json=status))
    assert place.pod("one")["status"]["phase"] == "Pending"


async def test_status_and_heartbeat_touch_the_own_node_alone(place: Place) -> None:
    other = place.registry.get(NODES, None, "two").revision
    lease = place.registry.get(LEASES, LEASE_NAMESPACE, "two").revision
    status = node_status() | {"capacity": {"cpu": "99"}}
    await place.send(node_status=agent_pb2.NodeStatus(status_json=msgspec.json.encode(status)))
    await place.send(heartbeat=agent_pb2.Heartbeat())
    assert place.registry.get(NODES, None, "one").object["status"]["capacity"] == {"cpu": "99"}
    assert place.registry.get(NODES, None, "two").revision == other
    assert place.registry.get(LEASES, LEASE_NAMESPACE, "two").revision == lease


async def test_a_second_hello_is_refused(place: Place) -> None:
    with pytest.raises(Refusal, match="a session begins with Hello and has no other one"):
        await place.send(hello=agent_pb2.Hello(node="two"))


async def a_volume(place: Place, hostname: str, **fields: Any) -> str:
    """A directory of a node that was given back; returns its uid."""
    body = volume_json(
        "v",
        annotations={"pv.kubernetes.io/provisioned-by": "mk8s.io/local-path"},
        finalizers=[localpath.FINALIZER],
        persistentVolumeReclaimPolicy="Delete",
        hostPath=None,
        local={"path": "/srv/v"},
        nodeAffinity=on_node(hostname),
        **fields,
    )
    for given in ("uid", "resourceVersion"):
        del body["metadata"][given]
    made = await place.registry.create(PERSISTENTVOLUMES, None, body)

    def settle(volume: dict[str, Any]) -> dict[str, Any]:
        volume["status"] = body["status"]
        return volume

    await place.registry.update(PERSISTENTVOLUMES, None, "v", settle, "status")
    return made.uid


def removed(uid: str) -> agent_pb2.VolumeRemoved:
    return agent_pb2.VolumeRemoved(name="v", uid=uid)


async def test_a_volume_goes_when_its_own_node_has_removed_the_directory(place: Place) -> None:
    uid = await a_volume(place, "host-of-node", phase="Released")
    await place.send(volume_removed=removed("of-an-earlier-one"))
    assert localpath.FINALIZER in the_volume(place)["metadata"]["finalizers"]
    await place.send(volume_removed=removed(uid))
    left = the_volume(place)["metadata"]
    assert left["finalizers"] == ["kubernetes.io/pv-protection"]
    assert "deletionTimestamp" in left


async def test_a_volume_that_was_not_given_back_stays(place: Place) -> None:
    uid = await a_volume(place, "host-of-node", phase="Bound")
    await place.send(volume_removed=removed(uid))
    assert "deletionTimestamp" not in the_volume(place)["metadata"]


async def test_the_end_of_another_nodes_volume_is_refused(place: Place) -> None:
    uid = await a_volume(place, "another", phase="Released")
    with pytest.raises(Refusal, match="it is on another node"):
        await place.send(volume_removed=removed(uid))


def the_volume(place: Place) -> dict[str, Any]:
    return place.registry.get(PERSISTENTVOLUMES, None, "v").object


def test_no_message_is_forgotten_here() -> None:
    """Whoever adds a message says above what a node may do with it."""
    kinds = {field.name for field in agent_pb2.Up.DESCRIPTOR.oneofs_by_name["message"].fields}
    assert kinds == {
        "hello", "heartbeat", "pod_status", "pod_gone", "node_status", "event", "volume_removed",
        "mirror_pod",
    }  # fmt: skip


TOKEN = {"serviceAccountToken": {"path": "token"}}


def mirror(name: str = "static-one", hash: str = "h1", node: str = "one", **spec: Any) -> Any:
    body = pod(name)
    body["metadata"] |= {"namespace": "default"}
    body["metadata"]["annotations"] = {"kubernetes.io/config.mirror": hash} if hash else {}
    body["spec"] |= {"nodeName": node, **spec}
    return {"mirror_pod": agent_pb2.MirrorPod(pod_json=msgspec.json.encode(body))}


async def test_a_node_makes_mirrors_of_its_static_pods(place: Place) -> None:
    await place.send(**mirror())
    made = place.pod("static-one")
    owner = made["metadata"]["ownerReferences"]
    node = place.registry.get(NODES, None, "one").object["metadata"]["uid"]
    assert owner == [
        {"apiVersion": "v1", "kind": "Node", "name": "one", "uid": node, "controller": True}
    ]
    assert "serviceAccountName" not in made["spec"]
    await place.send(**mirror())
    assert place.uid("static-one") == made["metadata"]["uid"], "it is shown already"
    about = {"namespace": "default", "name": "static-one", "uid": "h1"}
    status = agent_pb2.PodStatus(**about, status_json=b'{"phase": "Running"}')
    await place.send(pod_status=status)
    assert place.pod("static-one")["status"]["phase"] == "Running"


async def test_a_mirror_that_is_deleted_or_out_of_date_is_made_anew(place: Place) -> None:
    await place.send(**mirror())
    first = place.uid("static-one")
    await place.registry.delete(PODS, "default", "static-one")
    await place.send(**mirror())
    second = place.uid("static-one")
    assert first != second and "deletionTimestamp" not in place.pod("static-one")["metadata"]
    await place.send(**mirror(hash="h2"))
    assert place.uid("static-one") != second


async def test_a_mirror_goes_with_its_static_pod(place: Place) -> None:
    await place.send(**mirror())
    about = {"namespace": "default", "name": "static-one"}
    await place.send(pod_gone=agent_pb2.PodGone(**about, uid="h0"))
    assert place.pod("static-one"), "the end of an older one is no end of this one"
    await place.send(pod_gone=agent_pb2.PodGone(**about, uid="h1"))
    with pytest.raises(ApiError):
        place.pod("static-one")


@pytest.mark.parametrize(
    ("message", "why"),
    [
        (mirror(hash=""), "is no mirror: nodes make no others"),
        (mirror(node="two"), 'node "one" can only make mirror pods of itself'),
        (mirror(name="one"), "already exists and is no mirror of"),
        (mirror(name="nowhere"), "already exists and is no mirror of"),
        (mirror(serviceAccountName="admin"), "may not reference service accounts"),
        (
            mirror(volumes=[{"name": "v", "secret": {"secretName": "s"}}]),
            "may not reference secrets",
        ),
        (
            mirror(volumes=[{"name": "v", "projected": {"sources": [TOKEN]}}]),
            "may not use ServiceAccountToken volume projections",
        ),
    ],
)
async def test_other_pods_are_not_a_nodes_to_make(place: Place, message: Any, why: str) -> None:
    with pytest.raises(Refusal) as refused:
        await place.send(**message)
    assert why in refused.value.message
