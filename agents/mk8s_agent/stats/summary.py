"""The kubelet's stats/summary, of what was sampled. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from minikube8s.api.times import now_rfc3339
from mk8s_agent.pods.identity import CONTAINER, POD_NAME, POD_NAMESPACE, POD_UID, SANDBOX_NAME
from mk8s_agent.runtime.vocabulary import Container
from mk8s_agent.stats.sampling import NODE, Sample, nanocores

Object = dict[str, Any]


def summary(
    name: str,
    before: Sample,
    after: Sample,
    containers: Iterable[Container],
    disks: Mapping[str, Mapping[str, int]],
    now: datetime,
) -> Object:
    """Return v1alpha1.Summary of the node called `name`; `disks` are those of its files."""
    pods: dict[tuple[str, str, str], list[Object]] = {}
    for one in containers:
        if one.id not in after.usages:
            continue
        labels = one.labels
        key = labels[POD_NAMESPACE], labels[POD_NAME], labels[POD_UID]
        of_pod = pods.setdefault(key, [])
        if labels[CONTAINER] != SANDBOX_NAME:
            of_pod.append(_container(one, before, after, now))
    used = _use(before, after, NODE, None, now)
    available = max(after.node_memory - used["memory"]["workingSetBytes"], 0)
    used["memory"]["availableBytes"] = available
    filled = {disk: {"time": now_rfc3339(now), **use} for disk, use in disks.items()}
    if images := filled.pop("imageFs", None):
        filled["runtime"] = {"imageFs": images}
    return {
        "node": {"nodeName": name, **used, **filled},
        "pods": [_pod(key, of_pod, now) for key, of_pod in sorted(pods.items()) if of_pod],
    }


def _container(one: Container, before: Sample, after: Sample, now: datetime) -> Object:
    started = one.started_at or one.created_at
    age = (now - started).total_seconds()
    return {
        "name": one.labels[CONTAINER],
        "startTime": now_rfc3339(started),
        **_use(before, after, one.id, age, now),
    }


def _pod(key: tuple[str, str, str], containers: list[Object], now: datetime) -> Object:
    namespace, name, uid = key
    return {
        "podRef": {"name": name, "namespace": namespace, "uid": uid},
        "startTime": min(one["startTime"] for one in containers),
        "containers": sorted(containers, key=lambda one: one["name"]),
        **{part: _sum([one[part] for one in containers], now) for part in ("cpu", "memory")},
    }


def _sum(parts: list[Object], now: datetime) -> Object:
    names = [name for name in parts[0] if name != "time"]
    return {"time": now_rfc3339(now), **{name: sum(one[name] for one in parts) for name in names}}


def _use(before: Sample, after: Sample, key: str, age: float | None, now: datetime) -> Object:
    usage, stamp = after.usages[key], now_rfc3339(now)
    return {
        "cpu": {
            "time": stamp,
            "usageNanoCores": nanocores(before, after, key, age),
            "usageCoreNanoSeconds": usage.cpu,
        },
        "memory": {
            "time": stamp,
            "usageBytes": usage.memory.usage,
            "workingSetBytes": usage.memory.working_set,
            "rssBytes": usage.memory.rss,
        },
    }
