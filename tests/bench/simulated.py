"""What the real master does with a thousand hollow nodes and up to ten thousand pods.

The hollow process and the bench share the machine with the master: the figures are what all reach
together. Rates and times are those that a client sees.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.bench import processes
from tests.bench.apiclient import MERGE, Connection, Watch
from tests.bench.report import Row, told
from tests.support.simulation import Simulation, simulation

NODES = 1000
MANY = 5000
ROLLING = 1000
PODS = (100, 1_000, 10_000)
LATER = 300
"""Seconds after which pods start whose scheduling alone is measured."""
SMALL, CHANGES = 10, 200
"""Replicas of the Deployment that is changed so often for the time of a reconcile."""
SETTLE_SECONDS = 15.0
IDLE_SECONDS = 30.0
NAMESPACE = "default"
_APPS = f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments"
_PODS = f"/api/v1/namespaces/{NAMESPACE}/pods"


def simulated() -> list[Row]:
    """Nodes, idle time, reconciles, a large Deployment, scheduling, a rolling update, memory."""
    with (
        tempfile.TemporaryDirectory(prefix="mk8s-bench-") as folder,
        simulation(Path(folder)) as cluster,
    ):
        bench = _Bench(cluster)
        return [
            *bench.nodes(),
            *bench.idle(),
            *bench.reconciles(PODS[:-1]),
            *bench.running(),
            *bench.scheduled("affinity off", MANY, {}, 1000),
            *bench.scheduled("spread and anti-affinity", NODES, _apart("placed"), 200),
            *bench.rolling(),
            *bench.reconciles(PODS[-1:]),
            *bench.memory(),
        ]


class _Bench:
    def __init__(self, cluster: Simulation) -> None:
        self._cluster = cluster
        self._admin: Connection | None = None
        self._first = 0.0

    @property
    def admin(self) -> Connection:
        if self._admin is None:
            self._admin = Connection(self._cluster.home, self._cluster.api_port)
        return self._admin

    def nodes(self) -> list[Row]:
        began = time.monotonic()
        self._cluster.simulate("--nodes", str(NODES)).ok()
        return [Row(f"{NODES:,} hollow nodes Ready", time.monotonic() - began, "s")]

    def idle(self) -> list[Row]:
        pids = {name: self._cluster.pid(name) for name in ("master", "hollow")}
        processes.over(pids, SETTLE_SECONDS)
        used = processes.over(pids, IDLE_SECONDS)
        told(f"hollow process: {used['hollow'][0]:.2%} of a core")
        return [
            Row(f"master, {NODES:,} nodes' heartbeats, of one core", used["master"][0], "%", 0.05)
        ]

    def memory(self) -> list[Row]:
        held = processes.memory(self._cluster.pid("master")).resident
        told(f"hollow: {processes.memory(self._cluster.pid('hollow')).resident >> 20} MiB")
        name = f"master, {NODES:,} nodes and {PODS[-1]:,} pods"
        return [Row(name, held, "MiB", 600e6)]

    def reconciles(self, sizes: tuple[int, ...]) -> list[Row]:
        """The master's processor time of a change that a Deployment and its ReplicaSet follow."""
        rows = []
        for size in sizes:
            self._cluster.simulate("--pods", str(size), seconds=900).ok()
            with self._deployment("small", SMALL):
                cost = self._changing("small")
            self._first = self._first or cost
            peer = self._first if size != PODS[0] else None
            name = f"a Deployment of {SMALL} is reconciled among {size:,} other pods"
            beside = f"among {PODS[0]}" if peer else ""
            limit = 1.5 if peer else None
            rows.append(Row(name, cost, "ms", limit, peer, beside, of_ratio=bool(peer)))
        return rows

    def _changing(self, name: str) -> float:
        """Seconds of a change, the request and what it costs to be idle meanwhile left in."""
        master = self._cluster.pid("master")
        time.sleep(SETTLE_SECONDS)
        with self._watch(f"{_APPS}?fieldSelector=metadata.name%3D{name}") as watch:
            before = processes.processor(master)
            for number in range(CHANGES):
                start = time.perf_counter()
                change = {"spec": {"minReadySeconds": number % 2}}
                self.admin.call("PATCH", f"{_APPS}/{name}", change, MERGE)
                watch.until(_observed, start)
            return (processes.processor(master) - before) / CHANGES

    def running(self) -> list[Row]:
        began = time.monotonic()
        with self._deployment("many", MANY):
            return [Row(f"{MANY:,} replicas Running", time.monotonic() - began, "s", 30)]

    def scheduled(self, how: str, count: int, rules: dict[str, Any], wanted: int) -> list[Row]:
        """Pods that got a node, a second, from the first to the last; they start only later."""
        rules = {"terminationGracePeriodSeconds": 0, **rules}
        self._cluster.simulate("--start-seconds", str(LATER)).ok()
        times: list[float] = []
        with self._watch(f"{_PODS}?fieldSelector=spec.nodeName!%3D") as watch:
            self.admin.call("POST", _APPS, _deployment("placed", count, rules))
            deadline = time.monotonic() + 600
            while len(times) < count:
                assert time.monotonic() < deadline, f"{len(times)} of {count} pods have a node"
                time.sleep(0.1)
                times += [at for at, event in watch.taken() if event["type"] == "ADDED"]
        self.admin.call("DELETE", f"{_APPS}/placed")
        self._until_gone("placed")
        self._cluster.simulate("--start-seconds", "1").ok()
        rate = (count - 1) / (times[-1] - times[0])
        return [Row(f"{count:,} pods scheduled, {how}", rate, "/s", wanted, at_least=True)]

    def rolling(self) -> list[Row]:
        """A rolling update, and how often a watcher sees its bounds violated."""
        surge, unavailable = ROLLING // 4, ROLLING // 4
        with self._deployment("rolling", ROLLING), self._watch(_PODS) as watch:
            began = time.monotonic()
            seen = _Seen(self.admin.call("GET", _PODS)["items"])
            template = {"spec": {"containers": [{"name": "web", "image": "nginx:1.11"}]}}
            self._update("rolling", {"spec": {"template": template}}, ROLLING)
            seconds = time.monotonic() - began
            violated, most, least = 0, 0, ROLLING
            events = watch.taken()
            for _, event in events:
                seen.take(event["object"], gone=event["type"] == "DELETED")
                most, least = max(most, len(seen.there)), min(least, len(seen.available))
                violated += len(seen.there) > ROLLING + surge
                violated += len(seen.available) < ROLLING - unavailable
        told(f"{len(events):,} events: at most {most} pods, at least {least} available")
        return [
            Row(f"rolling update of {ROLLING:,} replicas", seconds, "s"),
            Row("  events that violate its bounds", violated, "", 0),
        ]

    def _watch(self, path: str) -> Watch:
        return Watch(self._cluster.home, path, self._cluster.api_port)

    @contextmanager
    def _deployment(self, name: str, replicas: int) -> Iterator[None]:
        """A Deployment whose pods are all ready; it and its pods are gone at the end."""
        with self._watch(f"{_APPS}?fieldSelector=metadata.name%3D{name}") as watch:
            start = time.perf_counter()
            self.admin.call("POST", _APPS, _deployment(name, replicas, {}))
            watch.until(lambda event: _settled(event, replicas), start, 600)
        yield
        self.admin.call("DELETE", f"{_APPS}/{name}")
        self._until_gone(name)

    def _update(self, name: str, change: dict[str, Any], replicas: int) -> None:
        with self._watch(f"{_APPS}?fieldSelector=metadata.name%3D{name}") as watch:
            start = time.perf_counter()
            kind = "application/strategic-merge-patch+json"
            self.admin.call("PATCH", f"{_APPS}/{name}", change, kind)
            watch.until(lambda event: _settled(event, replicas), start, 600)

    def _until_gone(self, name: str) -> None:
        deadline = time.monotonic() + 600
        path = f"{_PODS}?labelSelector=app%3D{name}&limit=1"
        while self.admin.call("GET", path)["items"]:
            assert time.monotonic() < deadline, f"the pods of {name} do not go"
            time.sleep(0.5)


def _deployment(name: str, replicas: int, rules: dict[str, Any]) -> dict[str, Any]:
    labels = {"app": name}
    container = {
        "name": "web",
        "image": "nginx:latest",
        "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}},
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [container], **rules},
            },
        },
    }


def _apart(name: str) -> dict[str, Any]:
    """What puts pods evenly into zones, and never two on one node."""
    same = {"labelSelector": {"matchLabels": {"app": name}}}
    return {
        "topologySpreadConstraints": [
            {
                "maxSkew": 1,
                "topologyKey": "topology.kubernetes.io/zone",
                "whenUnsatisfiable": "DoNotSchedule",
                **same,
            }
        ],
        "affinity": {
            "podAntiAffinity": {
                "requiredDuringSchedulingIgnoredDuringExecution": [
                    {"topologyKey": "kubernetes.io/hostname", **same}
                ]
            }
        },
    }


def _observed(event: dict[str, Any]) -> bool:
    """Whether the Deployment's controller has taken in its newest generation."""
    deployment = event["object"]
    seen = deployment.get("status", {}).get("observedGeneration", 0)
    return bool(seen >= deployment["metadata"]["generation"])


def _settled(event: dict[str, Any], replicas: int) -> bool:
    """Whether the Deployment has so many replicas, all of them new and ready."""
    deployment = event["object"]
    status = deployment.get("status", {})
    counts = [status.get(name, 0) for name in ("replicas", "updatedReplicas", "readyReplicas")]
    seen = status.get("observedGeneration", 0) >= deployment["metadata"]["generation"]
    return bool(seen and counts == [replicas] * 3)


class _Seen:
    """What a watcher knows: the pods that are not on their way out, and those that are ready."""

    def __init__(self, pods: list[dict[str, Any]]) -> None:
        self.there: set[str] = set()
        self.available: set[str] = set()
        for pod in pods:
            self.take(pod, gone=False)

    def take(self, pod: dict[str, Any], *, gone: bool) -> None:
        uid = pod["metadata"]["uid"]
        there = not gone and "deletionTimestamp" not in pod["metadata"]
        (self.there.add if there else self.there.discard)(uid)
        (self.available.add if there and _is_ready(pod) else self.available.discard)(uid)


def _is_ready(pod: dict[str, Any]) -> bool:
    conditions = pod.get("status", {}).get("conditions", [])
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)
