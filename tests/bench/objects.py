"""The objects that the bench creates: the smallest that do something."""

from __future__ import annotations

from typing import Any

IMAGE = "busybox:latest"
COMMAND = ("sleep", "3600")
WEB = "nginx:latest"


def pod(name: str) -> dict[str, Any]:
    """One container that sleeps."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": {"app": name}},
        "spec": _spec(IMAGE, COMMAND),
    }


def deployment(
    name: str, replicas: int, image: str = IMAGE, command: tuple[str, ...] = COMMAND
) -> dict[str, Any]:
    """Pods that sleep, or that do what ``image`` does."""
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": name}},
            "template": {"metadata": {"labels": {"app": name}}, "spec": _spec(image, command)},
        },
    }


def service(name: str, app: str, node_port: int) -> dict[str, Any]:
    """A NodePort Service of the pods labelled app=``app``."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name},
        "spec": {
            "type": "NodePort",
            "selector": {"app": app},
            "ports": [{"port": 80, "nodePort": node_port}],
        },
    }


def configmap(name: str) -> dict[str, Any]:
    """An object that no controller acts on."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "labels": {"app": "bench"}},
        "data": {f"key-{number}": "x" * 40 for number in range(20)},
    }


def waiting_pod(name: str) -> dict[str, Any]:
    """A pod as users write them, for a scheduler that is not there: it stays where it is."""
    body = pod(name)
    body["metadata"]["labels"] = {"app": "bench", "tier": "web"}
    body["spec"]["schedulerName"] = "nobody"
    body["spec"]["containers"][0] |= {
        "ports": [{"containerPort": 80}],
        "env": [{"name": "GREETING", "value": "hello"}],
        "resources": {"requests": {"cpu": "100m", "memory": "64Mi"}},
    }
    return body


def _spec(image: str, command: tuple[str, ...]) -> dict[str, Any]:
    container: dict[str, Any] = {"name": "main", "image": image}
    container["imagePullPolicy"] = "IfNotPresent"
    if command:
        container["command"] = list(command)
    return {"terminationGracePeriodSeconds": 1, "containers": [container]}
