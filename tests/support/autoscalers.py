"""Autoscalers, and metrics that say what a test wants them to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from minikube8s.api.meta import now_rfc3339
from minikube8s.api.quantity import from_milli
from minikube8s.api.views import from_dict
from minikube8s.api.views.autoscaling import MeasuredPod
from minikube8s.store.entry import Entry
from tests.support import objects

Json = dict[str, Any]


def resource_metric(name: str = "cpu", **target: Any) -> Json:
    """A Resource metric; `averageUtilization` or `averageValue`."""
    kind = "AverageValue" if "averageValue" in target else "Utilization"
    return {"type": "Resource", "resource": {"name": name, "target": {"type": kind, **target}}}


def autoscaler_spec(
    share: int = 50, least: int = 1, most: int = 10, kind: str = "Deployment", **spec: Any
) -> Json:
    """The spec of an autoscaler of the workload `web`."""
    version = "v1" if kind == "ReplicationController" else "apps/v1"
    return {
        "scaleTargetRef": {"apiVersion": version, "kind": kind, "name": "web"},
        "minReplicas": least,
        "maxReplicas": most,
        "metrics": [resource_metric(averageUtilization=share)],
        **spec,
    }


def measured(name: str, milli: int, at: str, window: str = "15s", **containers: int) -> Json:
    """The PodMetrics of a pod whose container `c`, or those given, use so many millicores."""
    used = containers or {"c": milli}
    return {
        "metadata": {"name": name, "namespace": "default"},
        "timestamp": at,
        "window": window,
        "containers": [
            {"name": one, "usage": {"cpu": str(from_milli(amount)), "memory": "64Mi"}}
            for one, amount in used.items()
        ],
    }


def pod(
    name: str,
    *,
    request: str = "100m",
    started: str = "2026-01-01T00:00:00Z",
    ready_since: str = "2026-01-01T00:00:00Z",
    phase: str = "Running",
    ready: str = "True",
    deleting: bool = False,
) -> MeasuredPod:
    """A pod that requests so much CPU."""
    made = objects.pod(name, phase=phase, deleting=deleting)
    resources = {"requests": {"cpu": request}} if request else {}
    made["spec"]["containers"] = [{"name": "c", "image": "i", "resources": resources}]
    if ready_since:
        condition = {"type": "Ready", "status": ready, "lastTransitionTime": ready_since}
        made["status"]["conditions"] = [condition]
    made["status"]["startTime"] = started
    return from_dict(MeasuredPod, made)


class PlayedMetrics:
    """Metrics of pods that all use `milli` millicores, measured at the time of a clock."""

    def __init__(self, now: Any) -> None:
        self.milli = 0
        self.silent = False
        self.asked = 0
        self._now = now

    async def measure(self, pods: Sequence[Entry]) -> Sequence[Json]:
        self.asked += 1
        now: datetime = self._now()
        if self.silent:
            return ()
        return [measured(one.name, self.milli, now_rfc3339(now), "1s") for one in pods]
