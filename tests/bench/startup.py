"""How long `mk8s up` takes, from nothing and with the state of an earlier run."""

from __future__ import annotations

from tests.bench.report import Row, middle, spread, told
from tests.support.cluster import Cluster

TURNS = 5


def up(cluster: Cluster) -> list[Row]:
    """Starts from nothing, and starts with the state of an earlier run; ends with a cluster up."""
    first, later = [], []
    for _ in range(TURNS):
        cluster.mk8s("down", "--purge").ok()
        first.append(_timed_up(cluster))
        cluster.mk8s("down").ok()
        later.append(_timed_up(cluster))
    told(f"mk8s up, first {spread(first)}; later {spread(later)}")
    return [
        Row("mk8s up to Ready, first", middle(first), "ms", 1.5),
        Row("mk8s up to Ready, later", middle(later), "ms", 1.0),
    ]


def _timed_up(cluster: Cluster) -> float:
    done = cluster.mk8s("up")
    assert "is Ready" in done.ok(), done.out
    return done.seconds
