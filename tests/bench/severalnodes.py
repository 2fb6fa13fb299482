"""How long a lab of three nodes takes to come up, and what each further node holds."""

from __future__ import annotations

from tests.bench import processes
from tests.bench.idle import SETTLE_SECONDS
from tests.bench.report import Row, middle, spread, told
from tests.support.cluster import Cluster

TURNS = 3
IDLE_SECONDS = 30.0


def several_nodes(cluster: Cluster) -> list[Row]:
    """Starts of a lab beside the cluster, one more node, and the agents' memory."""
    lab = Cluster.beside(9, cluster.home.parent / "lab", cluster.engine)
    first, later, added = [], [], []
    try:
        for _ in range(TURNS):
            first.append(_timed(lab, "up", "--nodes", "3"))
            lab.mk8s("down").ok()
            later.append(_timed(lab, "up"))
            added.append(_timed(lab, "node", "add"))
            pids = processes.daemons(lab)
            held = {name: processes.memory(pid) for name, pid in pids.items()}
            if len(added) == TURNS:
                processes.over(pids, SETTLE_SECONDS)
                used = processes.over(pids, IDLE_SECONDS)
            lab.mk8s("down", "--purge").ok()
    finally:
        lab.mk8s("down", "--purge")
    told(f"mk8s up --nodes 3, first {spread(first)}; later {spread(later)}; add {spread(added)}")
    others = [one for name, one in held.items() if name.startswith("agent-")]
    return [
        Row("mk8s up --nodes 3 to Ready, first", middle(first), "ms"),
        Row("mk8s up of 3 nodes to Ready, later", middle(later), "ms"),
        Row("mk8s node add to Ready", middle(added), "ms"),
        Row("a further node's agent, resident", middle([one.resident for one in others]), "MiB"),
        Row("  shared pages counted once", middle([one.shared for one in others]), "MiB"),
        Row("idle, master and 4 nodes, of one core", sum(share for share, _ in used.values()), "%"),
    ]


def _timed(cluster: Cluster, *words: str) -> float:
    done = cluster.mk8s(*words)
    assert "Ready" in done.ok(), done.out
    return done.seconds
