"""Small manifests as their authors write them; kubectl and mk8s read them as JSON from stdin."""

from __future__ import annotations

import json
from typing import Any

Json = dict[str, Any]

SLEEP = ("sh", "-c", "trap 'exit 0' TERM; sleep 86400 & wait")
"""A command that runs until it is asked to end, and then ends at once."""


def text(*objects: Json) -> str:
    """The objects as one manifest of several documents."""
    return "\n---\n".join(json.dumps(one) for one in objects)


def container(*command: str, name: str = "main", image: str = "busybox", **fields: Any) -> Json:
    """A container that runs ``command``, or what its image runs when there is none."""
    made: Json = {"name": name, "image": image, "imagePullPolicy": "IfNotPresent", **fields}
    if command:
        made["command"] = list(command)
    return made


def pod(name: str, *containers: Json, labels: Json | None = None, **spec: Any) -> Json:
    """A Pod of ``containers``; of one that sleeps when none is given."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": labels or {}},
        "spec": {"containers": list(containers) or [container(*SLEEP)], **spec},
    }


def deployment(name: str, replicas: int, *containers: Json) -> Json:
    """A Deployment whose pods carry the label app=NAME; they sleep when no container is given."""
    labels = {"app": name}
    spec = pod(name, *containers)["spec"]
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": spec},
        },
    }


def web(name: str = "web", replicas: int = 2) -> Json:
    """A Deployment of nginx."""
    nginx = container(name="nginx", image="nginx:1.10")
    return deployment(name, replicas, nginx)


def service(name: str, *, node_port: int = 0, port: int = 80, kind: str = "NodePort") -> Json:
    """A Service for the pods labelled app=NAME."""
    entry: Json = {"port": port, "targetPort": 80}
    if node_port:
        entry["nodePort"] = node_port
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name},
        "spec": {"type": kind, "selector": {"app": name}, "ports": [entry]},
    }
