"""What a node's own agent is asked through nodes/proxy: some of the kubelet's pages. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from minikube8s.api.quoting import quote

Object = dict[str, Any]
_Sample = tuple[dict[str, str], float]


def resource_metrics(summary: Object) -> str:
    """Return the page metrics/resource, in Prometheus' text format."""
    node: list[tuple[dict[str, str], Object]] = [({}, summary["node"])]
    pods = [(_pod_labels(pod), pod) for pod in summary["pods"]]
    containers = [
        ({"container": one["name"], **labels}, one)
        for labels, pod in pods
        for one in pod["containers"]
    ]
    lines: list[str] = []
    for kind, measured in (("container", containers), ("node", node), ("pod", pods)):
        lines += _family(
            f"{kind}_cpu_usage_seconds_total",
            "counter",
            f"Cumulative cpu time consumed by the {kind} in core-seconds",
            ((labels, one["cpu"]["usageCoreNanoSeconds"] / 10**9) for labels, one in measured),
        )
        lines += _family(
            f"{kind}_memory_working_set_bytes",
            "gauge",
            f"Current working set of the {kind} in bytes",
            ((labels, one["memory"]["workingSetBytes"]) for labels, one in measured),
        )
    error = "1 if there was an error while getting container metrics, 0 otherwise"
    return "".join([*lines, *_family("resource_scrape_error", "gauge", error, [({}, 0)])])


def container_metrics(summary: Object) -> str:
    """Return of the page metrics/cadvisor what is known here, in Prometheus' text format."""
    containers = [
        ({"container": one["name"], **_pod_labels(pod)}, one)
        for pod in summary["pods"]
        for one in pod["containers"]
    ]
    lines: list[str] = []
    for name, kind, told, part, field, unit in _CADVISOR:
        samples = ((labels, one[part].get(field, 0) / unit) for labels, one in containers)
        if part == "cpu":
            samples = (({"cpu": "total", **labels}, value) for labels, value in samples)
        lines += _family(name, kind, told, samples, stable="")
    return "".join(lines)


_CADVISOR = (
    (
        "container_cpu_usage_seconds_total",
        "counter",
        "Cumulative cpu time consumed in seconds.",
        "cpu",
        "usageCoreNanoSeconds",
        10**9,
    ),
    (
        "container_memory_rss",
        "gauge",
        "Size of RSS in bytes.",
        "memory",
        "rssBytes",
        1,
    ),
    (
        "container_memory_usage_bytes",
        "gauge",
        "Current memory usage in bytes, including all memory regardless of when it was accessed",
        "memory",
        "usageBytes",
        1,
    ),
    (
        "container_memory_working_set_bytes",
        "gauge",
        "Current working set in bytes.",
        "memory",
        "workingSetBytes",
        1,
    ),
)


def _family(
    name: str, kind: str, told: str, samples: Iterable[_Sample], *, stable: str = "[STABLE] "
) -> Iterator[str]:
    yield f"# HELP {name} {stable}{told}\n# TYPE {name} {kind}\n"
    for labels, value in samples:
        listed = ",".join(f"{label}={quote(text)}" for label, text in sorted(labels.items()))
        yield f"{name}{{{listed}}} {value}\n" if listed else f"{name} {value}\n"


def _pod_labels(pod: Object) -> dict[str, str]:
    return {"namespace": pod["podRef"]["namespace"], "pod": pod["podRef"]["name"]}
