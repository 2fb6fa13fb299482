"""StatefulSets and DaemonSets as they stand in the registry, and nodes that play their pods."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

from minikube8s.api.errors import ApiError
from minikube8s.api.resources import PODS
from minikube8s.api.views import ControllerRevision, DaemonSet, Node, Pod, StatefulSet, from_dict
from minikube8s.controllers.daemonsets.placement import wish_of
from minikube8s.controllers.revisions import name_of
from minikube8s.kit.tasks import Supervisor
from tests.support.livecluster import LiveCluster
from tests.support.objects import metadata, template

Json = dict[str, Any]


def stateful_body(replicas: int, image: str = "nginx:1", **spec: Any) -> Json:
    """What `LiveCluster.create` takes of a StatefulSet."""
    return {
        "spec": {
            "replicas": replicas,
            "serviceName": "web",
            "selector": {"matchLabels": {"app": "web"}},
            "template": template(image),
            **spec,
        }
    }


def daemon_body(image: str = "nginx:1", **spec: Any) -> Json:
    """What `LiveCluster.create` takes of a DaemonSet."""
    selector = {"matchLabels": {"app": "web"}}
    return {"spec": {"selector": selector, "template": template(image), **spec}}


def claim_template(name: str = "data") -> Json:
    return {
        "metadata": {"name": name},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "1Gi"}},
        },
    }


def stateful(replicas: int = 3, *, status: Json | None = None, **spec: Any) -> Json:
    """A stored StatefulSet whose template's revision is the current one."""
    obj = {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": metadata("web", generation=1),
        **stateful_body(replicas, **spec),
    }
    obj["status"] = {"currentRevision": name_of(obj, 0)} if status is None else status
    return obj


def daemon(*, status: Json | None = None, **spec: Any) -> Json:
    """A stored DaemonSet."""
    return {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": metadata("web", generation=1),
        **daemon_body(**spec),
        "status": status or {},
    }


def revision(kind: str, obj: Json, number: int = 1, image: str = "", **head: Any) -> Json:
    """The stored revision of a set's template; with `image` of the one that it was before."""
    older = obj | {"spec": obj["spec"] | {"template": template(image)}} if image else obj
    kept = older["spec"]["template"]
    digest = name_of(older, 0).rpartition("-")[2]
    label = "controller-revision-hash" if kind == "DaemonSet" else "controller.kubernetes.io/hash"
    reference = {
        "apiVersion": "apps/v1",
        "kind": kind,
        "name": "web",
        "uid": "uid-web",
        "controller": True,
        "blockOwnerDeletion": True,
    }
    labels = {"app": "web", label: digest}
    return {
        "metadata": metadata(
            name_of(older, 0), **{"labels": labels, "ownerReferences": [reference], **head}
        ),
        "data": {"spec": {"template": {**kept, "$patch": "replace"}}},
        "revision": number,
    }


def revision_view(kind: str, obj: Json, number: int = 1, **fields: Any) -> ControllerRevision:
    return from_dict(ControllerRevision, revision(kind, obj, number, **fields))


def stateful_view(obj: Json) -> StatefulSet:
    return from_dict(StatefulSet, obj)


def daemon_view(obj: Json) -> DaemonSet:
    return from_dict(DaemonSet, obj)


def node_view(name: str, labels: Json | None = None, *taints: Json) -> Node:
    head = {"name": name, "uid": f"uid-{name}", "labels": labels or {}}
    return from_dict(Node, {"metadata": head, "spec": {"taints": list(taints)}})


def taint(key: str, effect: str) -> Json:
    return {"key": key, "effect": effect}


async def bind(cluster: LiveCluster, name: str, node: str) -> None:
    """Do what the scheduler does."""
    with suppress(ApiError):
        await cluster.change(PODS, name, lambda pod: pod["spec"].update(nodeName=node), "binding")


async def play(cluster: LiveCluster, delays: list[float]) -> None:
    """Bind pods, make them ready, let them go when they are deleted: each after its delay."""
    supervisor = Supervisor("played nodes")
    turn = 0
    async for event in cluster.registry.watch(PODS):
        turn += 1
        delay = delays[turn % len(delays)]
        pod = event.entry.view(Pod)
        if event.type == "ADDED":
            supervisor.spawn("run", lambda p=pod, d=delay: _run(cluster, p, d), restart=False)
        elif event.type == "MODIFIED" and pod.metadata.deletion_timestamp:
            name = pod.metadata.name
            supervisor.spawn("end", lambda n=name, d=delay: _end(cluster, n, d), restart=False)


async def _run(cluster: LiveCluster, pod: Pod, delay: float) -> None:
    name = pod.metadata.name
    await bind(cluster, name, wish_of(pod) or "n1")
    await asyncio.sleep(delay)
    if not pod.spec.containers[0].image.endswith("broken"):
        await cluster.make_ready(name)


async def _end(cluster: LiveCluster, name: str, delay: float) -> None:
    await asyncio.sleep(delay)
    await cluster.finish(name)
