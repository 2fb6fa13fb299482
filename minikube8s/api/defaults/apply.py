"""Which kind gets which defaults."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from typing import Any

from minikube8s.api.defaults.fill import fill
from minikube8s.api.defaults.pods import pod, pod_template
from minikube8s.api.defaults.services import endpoint_slice, endpoints, service
from minikube8s.api.resources import Resource

_METADATA_NAME = "kubernetes.io/metadata.name"


def apply(resource: Resource, obj: dict[str, Any]) -> None:
    """Fill the defaults of the object's kind in place."""
    defaults = _KINDS.get((resource.group, resource.kind))
    if defaults is not None:
        defaults(obj)


def _deployment(obj: dict[str, Any]) -> None:
    spec = obj.setdefault("spec", {})
    fill(spec, replicas=1, revisionHistoryLimit=10, progressDeadlineSeconds=600)
    strategy = spec.setdefault("strategy", {})
    fill(strategy, type="RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        fill(strategy.setdefault("rollingUpdate", {}), maxUnavailable="25%", maxSurge="25%")
    pod_template(spec.setdefault("template", {}))


def _replica_set(obj: dict[str, Any]) -> None:
    spec = obj.setdefault("spec", {})
    fill(spec, replicas=1)
    pod_template(spec.setdefault("template", {}))


def _namespace(obj: dict[str, Any]) -> None:
    name = obj.get("metadata", {}).get("name")
    if name:
        # The label always tells the name: selectors of other objects rely on it.
        obj["metadata"].setdefault("labels", {})[_METADATA_NAME] = name
    fill(obj.setdefault("status", {}), phase="Active")


def _node(obj: dict[str, Any]) -> None:
    status = obj.get("status") or {}
    if status.get("capacity") and not status.get("allocatable"):
        status["allocatable"] = dict(status["capacity"])


def _secret(obj: dict[str, Any]) -> None:
    fill(obj, type="Opaque")
    plain = obj.pop("stringData", None)
    if plain:
        # stringData is for writing only: what is stored and read is data.
        encoded = {key: b64encode(value.encode()).decode() for key, value in plain.items()}
        obj["data"] = {**(obj.get("data") or {}), **encoded}


_KINDS: dict[tuple[str, str], Callable[[dict[str, Any]], None]] = {
    ("", "Pod"): pod,
    ("", "Service"): service,
    ("", "Endpoints"): endpoints,
    ("", "Namespace"): _namespace,
    ("", "Node"): _node,
    ("", "Secret"): _secret,
    ("apps", "Deployment"): _deployment,
    ("apps", "ReplicaSet"): _replica_set,
    ("discovery.k8s.io", "EndpointSlice"): endpoint_slice,
}
