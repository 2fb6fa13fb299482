"""A small kopf operator: it watches and patches Pods. Run by `kopf run`, told by its environment.

For every Pod labelled `watched=yes` it notes in annotations and in the status what it saw, keeps an
index by node, ticks by a timer, posts an event, and holds the Pod by a finalizer until it has said
goodbye in a ConfigMap.
"""

from __future__ import annotations

import os
from typing import Any

import kopf
from kubernetes import client, config

WATCHED = {"watched": "yes"}


@kopf.on.startup()
def connect(settings: kopf.OperatorSettings, **_: Any) -> None:
    config.load_kube_config(os.environ["KUBECONFIG"])
    settings.persistence.finalizer = "example.com/operator"
    storages = {
        "status": kopf.StatusProgressStorage,
        "annotations": kopf.AnnotationsProgressStorage,
    }
    settings.persistence.progress_storage = storages[os.environ["PROGRESS"]]()
    settings.posting.enabled = True
    settings.watching.server_timeout = 2


@kopf.index("pods", labels=WATCHED)
def by_node(name: str, spec: kopf.Spec, **_: Any) -> dict[str, str]:
    return {spec.get("nodeName", "none"): name}


@kopf.on.create("pods", labels=WATCHED)
def created(body: kopf.Body, patch: kopf.Patch, by_node: kopf.Index, **_: Any) -> str:
    names = sorted(name for values in by_node.values() for name in values)
    patch.metadata.annotations["example.com/known"] = ",".join(names)
    kopf.info(body, reason="Greeted", message="a pod has come")
    return "greeted"


@kopf.on.update("pods", labels=WATCHED, field="metadata.annotations.color")
def updated(old: str, new: str, patch: kopf.Patch, **_: Any) -> None:
    patch.metadata.annotations["example.com/changed"] = f"{old}-{new}"


@kopf.timer("pods", labels=WATCHED, interval=0.5)
def ticked(patch: kopf.Patch, annotations: kopf.Annotations, **_: Any) -> None:
    ticks = int(annotations.get("example.com/ticks", "0"))
    if ticks < 3:
        patch.metadata.annotations["example.com/ticks"] = str(ticks + 1)


@kopf.on.delete("pods", labels=WATCHED)
def deleted(name: str, namespace: str, **_: Any) -> None:
    goodbye = {"metadata": {"name": f"goodbye-{name}"}}
    client.CoreV1Api().create_namespaced_config_map(namespace, goodbye)
