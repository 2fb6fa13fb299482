"""Objects of the tutorial as an API server would give them, for tests of the parts that draw."""

from __future__ import annotations

from typing import Any

from minikube8s.cli.tutoring.world import World

Object = dict[str, Any]


def an_object(kind: str, name: str, owner: Object | None = None, **parts: Any) -> Object:
    """An object with a uid of its own; `labels` and `deletionTimestamp` go into its metadata."""
    metadata: Object = {"name": name, "uid": f"uid-{kind}-{name}", "generation": 1}
    for field in ("labels", "annotations", "deletionTimestamp"):
        if field in parts:
            metadata[field] = parts.pop(field)
    if owner is not None:
        metadata["ownerReferences"] = [
            {
                "apiVersion": "apps/v1",
                "kind": owner["kind"],
                "name": owner["metadata"]["name"],
                "uid": owner["metadata"]["uid"],
                "controller": True,
            }
        ]
    return {"kind": kind, "metadata": metadata, **parts}


def a_pod(
    name: str,
    owner: Object | None = None,
    *,
    image: str = "nginx:latest",
    waiting: str = "",
    node: str = "node1",
    **parts: Any,
) -> Object:
    """A pod that is ready, or one whose container waits for the reason `waiting`."""
    state = {"waiting": {"reason": waiting}} if waiting else {"running": {}}
    status = {
        "phase": "Pending" if waiting else "Running",
        "podIP": "10.244.0.7",
        "conditions": [{"type": "Ready", "status": "False" if waiting else "True"}],
        "containerStatuses": [{"ready": not waiting, "state": state, "image": image}],
    }
    spec = {"nodeName": node, "containers": [{"name": "nginx", "image": image}]}
    return an_object("Pod", name, owner, spec=spec, status=status, **parts)


def a_workload(kind: str, name: str, owner: Object | None = None, **parts: Any) -> Object:
    """A ReplicaSet or Deployment of `replicas` (3) pods of `image`, all counted as ready."""
    count, image = parts.pop("replicas", 3), parts.pop("image", "nginx:1.10")
    fields = ("replicas", "readyReplicas", "updatedReplicas", "availableReplicas")
    status = {"observedGeneration": 1, **dict.fromkeys(fields, count)}
    template = {"spec": {"containers": [{"name": "nginx", "image": image}]}}
    return an_object(
        kind, name, owner, spec={"replicas": count, "template": template}, status=status, **parts
    )


def a_service(name: str, **spec: Any) -> Object:
    """A Service of one port."""
    port = {"port": 8080, "targetPort": 80}
    if spec.get("type", "ClusterIP") in ("NodePort", "LoadBalancer"):
        port["nodePort"] = 32453
    status = spec.pop("status", {})
    given = {"type": "ClusterIP", "clusterIP": "10.99.228.48", "ports": [port], **spec}
    return an_object("Service", name, spec=given, status=status)


def a_rollout() -> World:
    """The tutorial's Deployment after `set image`, behind its NodePort Service."""
    top = a_workload("Deployment", "web")
    old = a_workload(
        "ReplicaSet", "web-6b4b", top, replicas=0,
        annotations={"deployment.kubernetes.io/revision": "1"},
    )  # fmt: skip
    new = a_workload(
        "ReplicaSet", "web-55bb", top, replicas=2, image="nginx:1.11",
        annotations={"deployment.kubernetes.io/revision": "2"},
    )  # fmt: skip
    labels = {"app": "web"}
    pods = tuple(
        a_pod(f"web-55bb-{tail}", new, image="nginx:1.11", node=node, labels=labels)
        for tail, node in (("2xk9p", "node1"), ("7hqlw", "node2"))
    )
    service = a_service("svc", type="NodePort", selector=labels)
    return World((top,), (new, old), pods, (service,))
