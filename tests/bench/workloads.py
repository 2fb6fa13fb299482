"""Many pods at once: thirty created, ten updated, one replaced, and a NodePort that answers."""

from __future__ import annotations

import contextlib
import http.client
import time
from typing import Any

from tests.bench.apiclient import MERGE, PODS, Connection, Seen, Watch
from tests.bench.objects import WEB, deployment, service
from tests.bench.report import Row, middle, spread, told
from tests.support.cluster import Cluster
from tests.support.wait import until

DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"
SERVICES = "/api/v1/namespaces/default/services"
NODE_PORT = 30080
TURNS = 5


def workloads(cluster: Cluster) -> list[Row]:
    """A Deployment of 30, scaled to 10, updated, one of its pods deleted, scaled to none."""
    connection = Connection(cluster.home)
    path = f"{DEPLOYMENTS}/bench"

    def patch(change: dict[str, Any]) -> float:
        start = time.perf_counter()
        connection.call("PATCH", path, {"spec": change}, MERGE)
        return start

    def left(count: int) -> None:
        until(f"{count} pods left", lambda: len(_pods(connection, "bench")) == count, 60)

    with Watch(cluster.home, DEPLOYMENTS) as watch, Watch(cluster.home, PODS) as pods:
        start = time.perf_counter()
        connection.call("POST", DEPLOYMENTS, deployment("bench", 30))
        created = watch.until(_settled(30), start)
        patch({"replicas": 10})
        left(10)
        start = patch({"template": {"metadata": {"labels": {"turn": "2"}}}})
        updated = watch.until(_settled(10), start)
        left(10)
        known = {one["metadata"]["name"] for one in _pods(connection, "bench")}
        start = time.perf_counter()
        connection.call("DELETE", f"{PODS}/{min(known)}?gracePeriodSeconds=1")
        replaced = pods.until(lambda event: _runs(event, known), start)
        left(10)
        start = patch({"replicas": 0})
        left(0)
        ended = time.perf_counter() - start
    connection.call("DELETE", path)
    connection.close()
    return [
        Row("30 pods, create to ready", created, "s", 4.5),
        Row("rolling update of 10", updated, "s", 3.0),
        Row("pod deleted to replacement Running", replaced, "ms", 0.25),
        Row("scale 10 to 0 (grace 1)", ended, "s"),
    ]


def node_port(cluster: Cluster) -> list[Row]:
    """A Service for pods that run: from its creation to the first page through it."""
    connection = Connection(cluster.home)
    with Watch(cluster.home, DEPLOYMENTS) as watch:
        start = time.perf_counter()
        connection.call("POST", DEPLOYMENTS, deployment("web", 2, WEB, ()))
        watch.until(_settled(2), start)
    by_node, by_address = [], []
    for turn in range(2 * TURNS):
        start = time.perf_counter()
        made = connection.call("POST", SERVICES, service(f"web-{turn}", "web", NODE_PORT + turn))
        if turn % 2:
            place, times = (made["spec"]["clusterIP"], 80), by_address
        else:
            place, times = ("127.0.0.1", NODE_PORT + turn), by_node
        while not _answers(*place):
            assert time.perf_counter() - start < 30, f"{place} does not answer"
            time.sleep(0.001)
        times.append(time.perf_counter() - start)
    told(f"NodePort {spread(by_node)}; ClusterIP {spread(by_address)}")
    for turn in range(2 * TURNS):
        connection.call("DELETE", f"{SERVICES}/web-{turn}")
    connection.call("DELETE", f"{DEPLOYMENTS}/web")
    until("no pods left", lambda: not _pods(connection, "web"), 60)
    connection.close()
    return [
        Row("NodePort, create to first answer", middle(by_node), "ms", 0.1),
        Row("ClusterIP, create to first answer", middle(by_address), "ms", 0.1),
    ]


def _settled(count: int) -> Seen:
    """An event that shows ``count`` updated and ready replicas, and no others."""

    def seen(event: dict[str, Any]) -> bool:
        found, status = event["object"]["metadata"], event["object"].get("status", {})
        counts = [status.get(name, 0) for name in ("replicas", "updatedReplicas", "readyReplicas")]
        return counts == [count] * 3 and status.get("observedGeneration") == found["generation"]

    return seen


def _runs(event: dict[str, Any], known: set[str]) -> bool:
    found = event["object"]
    return found["metadata"]["name"] not in known and found["status"].get("phase") == "Running"


def _pods(connection: Connection, app: str) -> list[dict[str, Any]]:
    found = connection.call("GET", f"{PODS}?labelSelector=app%3D{app}")
    items: list[dict[str, Any]] = found["items"]
    return items


def _answers(address: str, port: int) -> bool:
    page = http.client.HTTPConnection(address, port, timeout=0.5)
    with contextlib.closing(page), contextlib.suppress(OSError, http.client.HTTPException):
        page.request("GET", "/")
        return page.getresponse().status == 200
    return False
