"""How soon what happens to a container is seen in its pod's status."""

from __future__ import annotations

import time
from typing import Any

from tests.bench.apiclient import PODS, Connection, Watch, is_gone, is_running
from tests.bench.engineevents import Events
from tests.bench.objects import pod
from tests.bench.report import Row, middle, spread, told
from tests.support.cluster import Cluster

TURNS = 12


def latency(cluster: Cluster) -> list[Row]:
    """From the time that the engine puts on its events `start` and `die` to a watch's event."""
    connection = Connection(cluster.home)
    starts, ends = [], []
    with Watch(cluster.home, PODS) as watch, Events(cluster) as events:
        for turn in range(TURNS):
            name = f"late-{turn}"
            body = pod(name)
            body["spec"]["restartPolicy"] = "Never"
            before = time.perf_counter()
            connection.call("POST", PODS, body)
            seen = before + watch.until(is_running(name), before)
            starts.append(seen - events.time_of("start", name))
            before = time.perf_counter()
            container = events.find("start", name)["id"]
            cluster.engine.api("POST", f"/containers/{container}/kill")
            seen = before + watch.until(lambda event, name=name: _has_ended(event, name), before)
            ends.append(seen - events.time_of("die", name))
            before = time.perf_counter()
            connection.call("DELETE", f"{PODS}/{name}?gracePeriodSeconds=0")
            watch.until(is_gone(name), before)
    connection.close()
    told(f"engine's start to watch {spread(starts)}; its die to watch {spread(ends)}")
    return [
        Row("engine's start event to watch", middle(starts), "ms", 0.05),
        Row("engine's die event to watch", middle(ends), "ms", 0.05),
    ]


def _has_ended(event: dict[str, Any], name: str) -> bool:
    found = event["object"]
    statuses = found.get("status", {}).get("containerStatuses", [{}])
    return found["metadata"]["name"] == name and "terminated" in statuses[0].get("state", {})
