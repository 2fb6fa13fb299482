"""lightkube, unmodified, sync and async, against the server under test."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from lightkube import ALL_NS, AsyncClient, Client, KubeConfig, codecs
from lightkube.core.exceptions import ApiError
from lightkube.models.autoscaling_v1 import ScaleSpec
from lightkube.models.meta_v1 import ObjectMeta
from lightkube.resources.apps_v1 import Deployment
from lightkube.resources.core_v1 import ConfigMap, Node, Pod, Service
from lightkube.types import CascadeType, PatchType

from tests.api.apiserver import ApiServer, pod
from tests.api.kubectl import kubeconfig
from tests.support.dialogues import EchoStreams

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture
def config(api: ApiServer, namespace: str) -> KubeConfig:
    return KubeConfig.from_dict(kubeconfig(api, namespace))


@pytest.fixture
def client(config: KubeConfig) -> Iterator[Client]:
    with Client(config, field_manager="lightkube") as made:
        yield made


def settings(name: str, value: str = "v", **labels: str) -> ConfigMap:
    return ConfigMap(metadata=ObjectMeta(name=name, labels=labels or None), data={"k": value})


def test_manifests_are_loaded_created_and_listed(client: Client) -> None:
    for name in ("deployment-nginx.yaml", "svc-clusterip.yaml", "nginx-pod.yaml"):
        for obj in codecs.load_all_yaml((EXAMPLES / name).read_text()):
            created = client.create(obj)
            assert created.metadata.uid
            assert client.get(type(obj), created.metadata.name) == created
    assert [service.spec.type for service in client.list(Service)] == ["ClusterIP"]


def test_a_list_comes_in_chunks_by_labels_and_of_all_namespaces(
    client: Client, namespace: str
) -> None:
    for number in range(7):
        client.create(settings(f"c{number}", parity="odd" if number % 2 else "even"))
    chunked = client.list(ConfigMap, chunk_size=3)
    assert [item.metadata.name for item in chunked] == [f"c{number}" for number in range(7)]
    assert int(chunked.resourceVersion) > 0
    odd = client.list(ConfigMap, labels={"parity": ("odd", "none")}, fields={"metadata.name": "c3"})
    assert [item.metadata.name for item in odd] == ["c3"]
    everywhere = client.list(ConfigMap, namespace=ALL_NS, labels={"parity": None})
    assert {item.metadata.namespace for item in everywhere} >= {namespace}


def test_an_applied_field_has_an_owner_until_it_is_forced(client: Client) -> None:
    applied = client.apply(settings("a", "mine"))
    assert [entry.manager for entry in applied.metadata.managedFields] == ["lightkube"]
    with pytest.raises(ApiError) as conflict:
        client.apply(settings("a", "yours"), field_manager="other")
    assert (conflict.value.status.code, conflict.value.status.reason) == (409, "Conflict")
    assert conflict.value.status.details.causes[0].field == ".data.k"
    forced = client.apply(settings("a", "yours"), field_manager="other", force=True)
    assert forced.data == {"k": "yours"}


@pytest.mark.parametrize(
    ("patch_type", "body"),
    [
        (PatchType.JSON, [{"op": "add", "path": "/data/new", "value": "1"}]),
        (PatchType.MERGE, {"data": {"new": "1"}}),
        (PatchType.STRATEGIC, {"data": {"new": "1"}}),
        (PatchType.APPLY, {"apiVersion": "v1", "kind": "ConfigMap", "data": {"new": "1"}}),
    ],
)
def test_each_patch_type_patches(client: Client, patch_type: PatchType, body: Any) -> None:
    client.create(settings("a"))
    assert client.patch(ConfigMap, "a", body, patch_type=patch_type).data == {"k": "v", "new": "1"}


def test_scale_and_status_are_written_through_their_subresources(client: Client) -> None:
    (deployment,) = codecs.load_all_yaml((EXAMPLES / "deployment-nginx.yaml").read_text())
    name = client.create(deployment).metadata.name
    scale = client.get(Deployment.Scale, name)
    scale.spec = ScaleSpec(replicas=5)
    assert client.replace(scale, name).spec.replicas == 5
    status = client.get(Deployment.Status, name)
    status.status.observedGeneration = 7
    assert client.replace(status, name).status.observedGeneration == 7


def test_a_collection_is_deleted_and_a_dry_run_is_not(config: KubeConfig, client: Client) -> None:
    client.create(settings("a"))
    with Client(config, dry_run=True) as dry:
        dry.create(settings("never"))
    assert [item.metadata.name for item in client.list(ConfigMap)] == ["a"]
    client.deletecollection(ConfigMap)
    assert list(client.list(ConfigMap)) == []
    client.create(settings("b"))
    client.delete(ConfigMap, "b", cascade=CascadeType.BACKGROUND, grace_period=0)
    with pytest.raises(ApiError) as gone:
        client.get(ConfigMap, "b")
    assert gone.value.status.message == 'configmaps "b" not found'


def test_a_node_is_cluster_scoped(client: Client) -> None:
    client.create(Node(metadata=ObjectMeta(name="by-lightkube")))
    assert "by-lightkube" in [node.metadata.name for node in client.list(Node)]
    client.delete(Node, "by-lightkube")


def test_a_watch_restarts_from_where_it_ended(client: Client) -> None:
    client.create(settings("a"))
    events = client.watch(ConfigMap, server_timeout=1)
    seen = []
    for type_, obj in events:
        seen.append((type_, obj.metadata.name))
        if len(seen) == 1:
            client.create(settings("b"))
        elif len(seen) == 2:
            client.delete(ConfigMap, "a")
        else:
            break
    assert seen == [("ADDED", "a"), ("ADDED", "b"), ("DELETED", "a")]


async def test_the_async_client_waits_for_a_condition(config: KubeConfig) -> None:
    client = AsyncClient(config)
    await client.create(codecs.from_dict(pod("p")))
    waiting = asyncio.create_task(client.wait(Pod, "p", for_conditions=["Ready"]))
    ready = {"status": {"conditions": [{"type": "Ready", "status": "True"}]}}
    await client.patch(Pod.Status, "p", ready, patch_type=PatchType.MERGE)
    assert (await asyncio.wait_for(waiting, 20)).metadata.name == "p"
    assert [item.metadata.name async for item in client.list(Pod)] == ["p"]
    await client.delete(Pod, "p")
    await client.close()


@pytest.fixture
def bound(api: ApiServer, client: Client) -> EchoStreams:
    """A running pod `p` whose commands echo."""
    body = pod("p")
    body["spec"]["nodeName"] = "node1"
    client.create(codecs.from_dict(body))
    running = {"running": {"startedAt": "2024-01-01T00:00:00Z"}}
    container = {"name": "main", "image": "", "imageID": "", "ready": True, "restartCount": 0}
    status = {"phase": "Running", "containerStatuses": [container | {"state": running}]}
    client.patch(Pod.Status, "p", {"status": status}, patch_type=PatchType.MERGE)
    return EchoStreams(api.pod_streams)


@pytest.mark.usefixtures("bound")
def test_logs_and_exec_stream(client: Client) -> None:
    assert list(client.log("p")) == ["hello\n", "world\n"]
    done = client.exec("p", command=["cat"], stdin="hello", stdout=True, timeout=20)
    assert (done.stdout, done.exit_code) == ("hello", 3)
