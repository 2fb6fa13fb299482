"""How long the user waits for a command's table."""

from __future__ import annotations

from tests.bench.report import Row, middle, spread, told
from tests.support.cluster import Cluster

TURNS = 15


def commands(cluster: Cluster) -> list[Row]:
    """`get pods` of both clients, in turns."""
    ours, theirs = [], []
    for _ in range(TURNS):
        ours.append(_timed(cluster, "mk8s"))
        theirs.append(_timed(cluster, "kubectl"))
    told(f"get pods: mk8s {spread(ours)}; kubectl {spread(theirs)}")
    return [Row("mk8s get pods", middle(ours[1:]), "ms", 0.15, middle(theirs[1:]), "kubectl")]


def _timed(cluster: Cluster, client: str) -> float:
    done = cluster.client(client)("get", "pods")
    done.ok()
    return done.seconds
