"""What the daemons hold and use while nothing happens."""

from __future__ import annotations

from tests.bench import processes
from tests.bench.report import Row, told
from tests.harness.cluster import Cluster

SECONDS = 60.0
SETTLE_SECONDS = 5.0


def idle(cluster: Cluster) -> list[Row]:
    """Memory, and processor time of a minute; the cluster is as earlier parts left it."""
    pids = processes.daemons(cluster)
    assert set(pids) == {"master", "agent"}, pids
    processes.over(pids, SETTLE_SECONDS)
    used = processes.over(pids, SECONDS)
    held = {name: processes.memory(pid) for name, pid in pids.items()}
    for name in pids:
        resident, shared = held[name].resident / 1e6, held[name].shared / 1e6
        share, woken = used[name]
        told(
            f"{name}: {resident:.1f} MB resident, {shared:.1f} MB its own part; "
            f"{share * 100:.2f} % of a core, {woken:.1f} wake-ups a second"
        )
    resident = sum(one.resident for one in held.values())
    return [
        Row("idle, both daemons, resident", resident, "MB", 120e6),
        Row("  shared pages counted once", sum(one.shared for one in held.values()), "MB"),
        Row("idle, processor, of one core", sum(one for one, _ in used.values()), "%", 0.005),
        Row("idle, wake-ups", sum(one for _, one in used.values()), "/s"),
    ]
