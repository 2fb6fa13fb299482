"""Thirty pods at once on one node, beside the same sixty containers started by a shell loop."""

from __future__ import annotations

import subprocess
import time
from typing import Any

from tests.bench.apiclient import PODS, Connection, Seen, Watch
from tests.bench.objects import COMMAND, IMAGE, pod
from tests.bench.pods import PAUSE
from tests.bench.report import Row, told
from tests.support.cluster import Cluster

COUNT = 30
AT_A_TIME = (1, 2, 3, 4, 6, 8)
TURNS = 3
_LOOP = (
    "seq {count} | xargs -P {width} -I N sh -c '"
    "docker run -d --name plain-N --network none {pause} >/dev/null && "
    "docker run -d --name plain-N-app --network container:plain-N {image} {command} >/dev/null'"
)


def burst(cluster: Cluster) -> list[Row]:
    """Turns of both; the shell's best width first, then the least of each."""
    widths = {width: _shell(cluster, width) for width in AT_A_TIME}
    best = min(widths, key=lambda width: widths[width])
    told("shell loop, by -P: " + ", ".join(f"{w}: {s:.2f} s" for w, s in widths.items()))
    connection = Connection(cluster.home)
    ours, theirs = [], [widths[best]]
    for turn in range(TURNS):
        ours.append(_pods(cluster, connection, f"burst-{turn}"))
        theirs.append(_shell(cluster, best))
    connection.close()
    told(f"30 pods {[round(one, 2) for one in ours]}; shell {[round(one, 2) for one in theirs]}")
    return [
        Row(f"{COUNT} pods at once to Running", min(ours), "s", 0.75, min(theirs),
            f"shell loop, -P {best}", of_ratio=True),
    ]  # fmt: skip


def _shell(cluster: Cluster, width: int) -> float:
    command = " ".join(COMMAND)
    line = _LOOP.format(count=COUNT, width=width, pause=PAUSE, image=IMAGE, command=command)
    start = time.perf_counter()
    subprocess.run(["sh", "-c", line], env=cluster.environment, check=True)
    passed = time.perf_counter() - start
    names = [f"plain-{number}" for number in range(1, COUNT + 1)]
    cluster.engine.run("rm", "-f", *(f"{name}-app" for name in names), *names)
    return passed


def _pods(cluster: Cluster, connection: Connection, name: str) -> float:
    names = {f"{name}-{number}" for number in range(COUNT)}
    with Watch(cluster.home, PODS) as watch:
        start = time.perf_counter()
        for one in names:
            connection.call("POST", PODS, pod(one))
        passed = everything(watch, names, start, lambda event: _phase(event) == "Running")
        begin = time.perf_counter()
        for one in names:
            connection.call("DELETE", f"{PODS}/{one}?gracePeriodSeconds=0")
        everything(watch, names, begin, lambda event: event["type"] == "DELETED")
    return passed


def everything(watch: Watch, names: set[str], start: float, seen: Seen) -> float:
    """Seconds from ``start`` until each pod was seen so."""
    left = set(names)

    def last(event: dict[str, Any]) -> bool:
        if seen(event):
            left.discard(event["object"]["metadata"]["name"])
        return not left

    return watch.until(last, start, 120)


def _phase(event: dict[str, Any]) -> Any:
    return event["object"].get("status", {}).get("phase")
