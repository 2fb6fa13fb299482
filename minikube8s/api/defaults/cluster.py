"""Defaults of namespaces, nodes, secrets and priorities."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

from minikube8s.api.defaults.fill import fill

_METADATA_NAME = "kubernetes.io/metadata.name"


def namespace(obj: dict[str, Any]) -> None:
    """Fill a Namespace."""
    name = obj.get("metadata", {}).get("name")
    if name:
        # The label always tells the name: selectors of other objects rely on it.
        obj["metadata"].setdefault("labels", {})[_METADATA_NAME] = name
    fill(obj.setdefault("status", {}), phase="Active")


def node(obj: dict[str, Any]) -> None:
    """Fill a Node."""
    status = obj.get("status") or {}
    if status.get("capacity") and not status.get("allocatable"):
        status["allocatable"] = dict(status["capacity"])


def secret(obj: dict[str, Any]) -> None:
    """Fill a Secret."""
    fill(obj, type="Opaque")
    plain = obj.pop("stringData", None)
    if plain:
        # stringData is for writing only: what is stored and read is data.
        encoded = {key: b64encode(value.encode()).decode() for key, value in plain.items()}
        obj["data"] = {**(obj.get("data") or {}), **encoded}


def priority_class(obj: dict[str, Any]) -> None:
    """Fill a PriorityClass."""
    fill(obj, preemptionPolicy="PreemptLowerPriority")
