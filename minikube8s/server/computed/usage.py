"""NodeMetrics and PodMetrics of what the nodes' agents measured. Pure."""

from __future__ import annotations

from typing import Any

from minikube8s.api import quantity, times
from minikube8s.api.quantity import Notation, Quantity

Object = dict[str, Any]


def node_metrics(node: Object, stats: Object) -> Object:
    """Return a node's NodeMetrics; `stats` is the answer of its agent."""
    told = stats["summary"]["node"]
    metadata = {"name": node["metadata"]["name"], **_labels(node)}
    return {**_measured(metadata, stats), "usage": _usage(told)}


def pod_metrics(pod: Object, stats: Object) -> Object | None:
    """Return a pod's PodMetrics, None when its node has measured nothing of it."""
    wanted = pod["metadata"]
    for told in stats["summary"]["pods"]:
        if told["podRef"]["uid"] == wanted.get("uid"):
            metadata = {"name": wanted["name"], "namespace": wanted["namespace"], **_labels(pod)}
            containers = [{"name": one["name"], "usage": _usage(one)} for one in told["containers"]]
            return {**_measured(metadata, stats), "containers": containers}
    return None


def _measured(metadata: Object, stats: Object) -> Object:
    at = stats["summary"]["node"]["cpu"]["time"]
    window = times.duration(round(stats["windowSeconds"] * 1000) * 10**6)
    return {
        "metadata": {**metadata, "creationTimestamp": at},
        "timestamp": at,
        "window": window,
    }


def _labels(obj: Object) -> Object:
    labels = obj["metadata"].get("labels")
    return {"labels": labels} if labels else {}


def _usage(told: Object) -> Object:
    memory = told["memory"]["workingSetBytes"] // 1024 * 1024
    return {
        "cpu": str(Quantity(told["cpu"]["usageNanoCores"], Notation.DECIMAL_SI)),
        "memory": str(quantity.from_value(memory, Notation.BINARY_SI)),
    }
