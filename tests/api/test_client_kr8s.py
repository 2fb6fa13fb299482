"""kr8s, unmodified, async and sync, against the server under test."""

from __future__ import annotations

import asyncio
import json
import threading
from pathlib import Path

import kr8s
import pytest
from kr8s.asyncio.objects import ConfigMap, Deployment, Node, Pod, Service
from kr8s.objects import Pod as SyncPod

from tests.api.apiserver import ApiServer, configmap, pod
from tests.api.kubectl import kubeconfig
from tests.support.dialogues import EchoStreams
from tests.support.ports import free_port

DEADLINE = 20


@pytest.fixture
def config(api: ApiServer, namespace: str, tmp_path: Path) -> str:
    path = tmp_path / "kubeconfig"
    path.write_text(json.dumps(kubeconfig(api, namespace)))
    return str(path)


async def connected(config: str) -> kr8s.asyncio.Api:
    return await kr8s.asyncio.api(kubeconfig=config)


def made(name: str, namespace: str, **data: str) -> dict:
    body = configmap(name, data)
    body["metadata"] = {"name": name, "namespace": namespace}
    return body


async def test_objects_are_created_read_patched_labelled_and_deleted(
    config: str, namespace: str
) -> None:
    api = await connected(config)
    settings = await ConfigMap(made("a", namespace, k="v"), api=api)
    await settings.create()
    assert await settings.exists()
    await settings.label(tier="front")
    await settings.annotate({"note": "x"})
    await settings.patch({"data": {"k": "2"}})
    await settings.patch([{"op": "add", "path": "/data/new", "value": "1"}], type="json")
    found = await ConfigMap.get("a", namespace=namespace, api=api)
    assert (found.labels.tier, found.annotations.note) == ("front", "x")
    assert found.data == {"k": "2", "new": "1"}
    await found.remove_label("tier")
    assert "tier" not in found.labels
    selected = api.get("configmaps", namespace=namespace, label_selector={"tier": "front"})
    assert [item async for item in selected] == []
    by_field = api.get("cm", namespace=namespace, field_selector={"metadata.name": "a"})
    assert [item.name async for item in by_field] == ["a"]
    await settings.delete()
    await settings.wait("delete", timeout=DEADLINE)
    assert not await settings.exists()


async def test_a_refusal_carries_its_status(config: str, namespace: str) -> None:
    api = await connected(config)
    settings = await ConfigMap(made("Upper", namespace), api=api)
    with pytest.raises(kr8s.ServerError) as refused:
        await settings.create()
    assert refused.value.status["reason"] == "Invalid"
    with pytest.raises(kr8s.NotFoundError):
        await ConfigMap.get("nobody", namespace=namespace, api=api)


async def test_a_deployment_is_scaled_and_waited_for(config: str, namespace: str) -> None:
    api = await connected(config)
    template = pod("x", app="web")
    spec = {
        "replicas": 1,
        "selector": {"matchLabels": {"app": "web"}},
        "template": {"metadata": {"labels": {"app": "web"}}, "spec": template["spec"]},
    }
    body = {"metadata": {"name": "web", "namespace": namespace}, "spec": spec}
    deployment = await Deployment(body, api=api)
    await deployment.create()
    scaling = asyncio.create_task(deployment.scale(3))
    status = {"status": {"replicas": 3, "readyReplicas": 3, "observedGeneration": 2}}
    other = await Deployment.get("web", namespace=namespace, api=api)
    await other.patch(status, subresource="status")
    await asyncio.wait_for(scaling, DEADLINE)
    assert deployment.replicas == 3
    condition = {"type": "Available", "status": "True"}
    waiting = asyncio.create_task(deployment.wait("condition=Available", timeout=DEADLINE))
    await other.patch({"status": {"conditions": [condition]}}, subresource="status")
    await asyncio.wait_for(waiting, DEADLINE)


async def test_a_watch_shows_what_is_there_and_what_happens(config: str, namespace: str) -> None:
    api = await connected(config)
    first = await ConfigMap(made("a", namespace), api=api)
    await first.create()
    seen = []
    async with asyncio.timeout(DEADLINE):
        async for type_, obj in api.watch("configmaps", namespace=namespace):
            seen.append((type_, obj.name))
            if len(seen) == 1:
                await first.patch({"data": {"k": "v"}})
            elif len(seen) == 2:
                await first.delete()
            else:
                break
    assert seen == [("ADDED", "a"), ("MODIFIED", "a"), ("DELETED", "a")]


async def test_the_cluster_is_discovered(config: str) -> None:
    api = await connected(config)
    assert (await api.version())["major"] == "1"
    assert await api.whoami() == "admin"
    known = {(entry["version"], entry["kind"]) for entry in await api.api_resources()}
    assert {("v1", "Pod"), ("apps/v1", "Deployment")} <= known
    assert await api.lookup_kind("deploy") == ("deployment.apps/v1", "deployments", True)


async def test_a_node_is_cordoned_and_tainted(config: str) -> None:
    api = await connected(config)
    node = await Node({"metadata": {"name": "by-kr8s"}}, api=api)
    await node.create()
    await node.cordon()
    assert node.unschedulable
    await node.taint("key", "value", effect="NoSchedule")
    assert {"key": "key", "value": "value", "effect": "NoSchedule"} in node.taints
    await node.uncordon()
    assert not node.unschedulable
    await node.delete()


async def test_a_kind_is_listed_in_all_namespaces(config: str, namespace: str) -> None:
    api = await connected(config)
    body = {"metadata": {"name": "s", "namespace": namespace}, "spec": {"ports": [{"port": 80}]}}
    await (await Service(body, api=api)).create()
    found = {obj.namespace async for obj in api.get("services", namespace=kr8s.ALL)}
    assert namespace in found


@pytest.fixture
def bound(api: ApiServer, namespace: str) -> EchoStreams:
    """A running pod `p` whose commands and ports echo."""
    body = pod("p")
    body["spec"]["nodeName"] = "node1"
    base = f"/api/v1/namespaces/{namespace}/pods"
    api.create(base, body)
    running = {"running": {"startedAt": "2024-01-01T00:00:00Z"}}
    container = {"name": "main", "image": "", "imageID": "", "ready": True, "restartCount": 0}
    conditions = [{"type": name, "status": "True"} for name in ("Ready", "ContainersReady")]
    status = {
        "phase": "Running",
        "containerStatuses": [container | {"state": running}],
        "conditions": conditions,
    }
    kind = "application/merge-patch+json"
    reply = api.request("PATCH", f"{base}/p/status", {"status": status}, content_type=kind)
    assert reply.code == 200
    return EchoStreams(api.pod_streams)


async def test_a_pod_is_ready_logs_and_runs_commands(
    config: str, namespace: str, bound: EchoStreams
) -> None:
    bound.says = b"today"
    found = await Pod.get("p", namespace=namespace, api=await connected(config))
    assert await found.ready()
    assert [line async for line in found.logs()] == ["hello", "world"]
    done = await found.exec(["date"], check=False)
    assert (done.stdout, done.stderr, done.returncode) == (b"today", b"", 3)


@pytest.mark.usefixtures("bound")
async def test_a_port_is_forwarded(config: str, namespace: str) -> None:
    found = await Pod.get("p", namespace=namespace, api=await connected(config))
    # of its own accord it takes a number by chance, whoever has it
    async with found.portforward(remote_port=80, local_port=free_port()) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"hello")
        async with asyncio.timeout(DEADLINE):
            assert await reader.readexactly(5) == b"hello"
        writer.close()


@pytest.mark.usefixtures("bound")
def test_the_sync_api_does_the_same(config: str, namespace: str) -> None:
    api = kr8s.api(kubeconfig=config)
    assert [item.name for item in api.get("pods", namespace=namespace)] == ["p"]
    found = SyncPod.get("p", namespace=namespace, api=api)
    found.label({"seen": "yes"})
    assert list(found.logs()) == ["hello", "world"]
    leaving = threading.Timer(0.1, found.delete, kwargs={"force": True})
    leaving.start()
    found.wait("delete", timeout=DEADLINE)
