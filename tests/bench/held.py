"""What the agent holds and uses while thirty pods run and nothing happens."""

from __future__ import annotations

import time
from typing import Any

from tests.bench import processes
from tests.bench.apiclient import PODS, Connection, Watch
from tests.bench.burst import COUNT, everything
from tests.bench.objects import pod
from tests.bench.report import Row, told
from tests.support.cluster import Cluster
from tests.support.wait import until

SETTLE_SECONDS = 10.0
SECONDS = 60.0
BYTES_A_POD = 50e3


def held(cluster: Cluster) -> list[Row]:
    """Pods without probes, see `probed` for others."""
    agent = {"agent": processes.daemons(cluster)["agent"]}
    connection = Connection(cluster.home)
    names = {f"held-{number}" for number in range(COUNT)}
    with Watch(cluster.home, PODS) as watch:
        start = time.perf_counter()
        for name in names:
            connection.call("POST", PODS, pod(name))
        everything(watch, names, start, _is_ready)
    processes.over(agent, SETTLE_SECONDS)
    share, woken = processes.over(agent, SECONDS)["agent"]
    resident = processes.memory(agent["agent"]).resident
    told(f"agent of {COUNT} pods: {share * 100:.3f} % of a core, {woken:.1f} wake-ups a second")
    for name in names:
        connection.call("DELETE", f"{PODS}/{name}?gracePeriodSeconds=0")
    until("no pods left", lambda: not connection.call("GET", PODS)["items"], 60)
    connection.close()
    return [
        Row(f"agent, {COUNT} pods at rest", share, "%", 0.003),
        Row("  resident memory", resident, "MiB", 60e6 + COUNT * BYTES_A_POD),
    ]


def _is_ready(event: dict[str, Any]) -> bool:
    conditions = event["object"].get("status", {}).get("conditions", [])
    return any((one["type"], one["status"]) == ("Ready", "True") for one in conditions)
