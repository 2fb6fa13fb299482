"""What nodes and pods use: measured when asked, never stored."""

from __future__ import annotations

from minikube8s.api.resources.build import row

_GROUP = "metrics.k8s.io"
_PACKAGE = "io.k8s.metrics.pkg.apis.metrics.v1beta1"
_READ = ("get", "list")

NODE_METRICS = row(
    _GROUP,
    "v1beta1",
    "NodeMetrics",
    "nodes",
    namespaced=False,
    verbs=_READ,
    schema=f"{_PACKAGE}.NodeMetrics",
)
POD_METRICS = row(
    _GROUP, "v1beta1", "PodMetrics", "pods", verbs=_READ, schema=f"{_PACKAGE}.PodMetrics"
)

ROWS = (NODE_METRICS, POD_METRICS)
