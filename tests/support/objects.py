"""Small objects for tests, as they stand in the registry."""

from typing import Any

from minikube8s.api.views import Pod, from_dict
from minikube8s.controllers.deployments.history import name_and_hash
from minikube8s.controllers.deployments.model import Member, Snapshot

Json = dict[str, Any]


def metadata(name: str, **fields: Any) -> Json:
    return {
        "name": name,
        "namespace": "default",
        "uid": f"uid-{name}",
        "resourceVersion": "1",
        "creationTimestamp": "2026-01-01T00:00:00Z",
        **fields,
    }


def owner(kind: str, name: str, api_version: str = "apps/v1") -> Json:
    return {
        "apiVersion": api_version,
        "kind": kind,
        "name": name,
        "uid": f"uid-{name}",
        "controller": True,
        "blockOwnerDeletion": True,
    }


def pod(
    name: str,
    *,
    labels: Json | None = None,
    owned_by: str = "",
    node: str = "",
    phase: str = "Pending",
    reason: str = "",
    ready_since: str = "",
    ip: str = "",
    deleting: bool = False,
    annotations: Json | None = None,
    created: str = "2026-01-01T00:00:00Z",
    restarts: int = 0,
    sidecar_restarts: int = 0,
    ports: list[Json] | None = None,
    **spec: Any,
) -> Json:
    conditions = []
    if ready_since:
        conditions.append({"type": "Ready", "status": "True", "lastTransitionTime": ready_since})
    head = metadata(name, labels=labels or {"app": "web"}, creationTimestamp=created)
    if owned_by:
        head["ownerReferences"] = [owner("ReplicaSet", owned_by)]
    if deleting:
        head["deletionTimestamp"] = "2026-01-01T00:00:30Z"
    if annotations:
        head["annotations"] = annotations
    containers = [{"name": "c", "image": "nginx", "ports": ports or []}]
    body = {"containers": containers, **spec}
    if sidecar_restarts:
        sidecar = {"name": "s", "image": "nginx", "restartPolicy": "Always"}
        body["initContainers"] = [sidecar]
    if node:
        body["nodeName"] = node
    status: Json = {"phase": phase, "conditions": conditions}
    if reason:
        status["reason"] = reason
    if ip:
        status["podIP"] = ip
    if restarts:
        status["containerStatuses"] = [{"name": "c", "restartCount": restarts}]
    if sidecar_restarts:
        count = {"name": "s", "restartCount": sidecar_restarts}
        status["initContainerStatuses"] = [count]
    return {"apiVersion": "v1", "kind": "Pod", "metadata": head, "spec": body, "status": status}


def pod_view(name: str, **fields: Any) -> Pod:
    return from_dict(Pod, pod(name, **fields))


def replicaset(name: str = "web", replicas: int = 3, **fields: Any) -> Json:
    labels = {"app": "web", **fields.pop("labels", {})}
    status = fields.pop("status", {"replicas": 0})
    spec = fields.pop("spec", {})
    return {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": metadata(name, labels=labels, generation=1, **fields),
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": "web"}},
            "template": template(labels=labels),
            **spec,
        },
        "status": status,
    }


def template(image: str = "nginx:1", labels: Json | None = None) -> Json:
    return {
        "metadata": {"labels": labels or {"app": "web"}},
        "spec": {"containers": [{"name": "c", "image": image}]},
    }


def deployment(name: str = "web", replicas: int = 3, **spec: Any) -> Json:
    status = spec.pop("status", {})
    head = spec.pop("metadata", {})
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": metadata(name, generation=1, **head),
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": "web"}},
            "template": template(),
            "progressDeadlineSeconds": 600,
            "revisionHistoryLimit": 10,
            **spec,
        },
        "status": status,
    }


def member(
    name: str,
    size: int,
    *,
    available: int | None = None,
    replicas: int | None = None,
    image: str = "nginx:1",
    revision: int = 0,
    created: str = "2026-01-01T00:00:00Z",
    desired: int | None = None,
    maximum: int | None = None,
    annotations: Json | None = None,
    owned_by: str = "web",
) -> Member:
    from minikube8s.api.views import ReplicaSet

    notes = dict(annotations or {})
    prefix = "deployment.kubernetes.io/"
    for key, value in (
        ("revision", revision or None),
        ("desired-replicas", desired),
        ("max-replicas", maximum),
    ):
        if value is not None:
            notes[prefix + key] = str(value)
    running = size if replicas is None else replicas
    serving = running if available is None else available
    labels = {"app": "web", "pod-template-hash": name}
    obj = {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": metadata(
            name,
            labels=labels,
            annotations=notes,
            creationTimestamp=created,
            generation=1,
            ownerReferences=[owner("Deployment", owned_by)] if owned_by else [],
        ),
        "spec": {
            "replicas": size,
            "selector": {"matchLabels": labels},
            "template": template(image, labels),
        },
        "status": {
            "replicas": running,
            "readyReplicas": serving,
            "availableReplicas": serving,
            "observedGeneration": 1,
        },
    }
    return Member(from_dict(ReplicaSet, obj), obj)


def snapshot(obj: Json, *members: Member, **fields: Any) -> Snapshot:
    from minikube8s.api.views import Deployment

    view = from_dict(Deployment, obj)
    name, _ = name_and_hash(view, obj)
    taken = name in {one.name for one in members}
    return Snapshot(view, obj, members, taken=taken, **fields)
