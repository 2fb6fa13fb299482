"""What the daemons hold and use while nothing happens."""

from __future__ import annotations

from tests.bench import processes
from tests.bench.report import Row, told
from tests.support.cluster import Cluster

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
        resident, shared = held[name].resident / 2**20, held[name].shared / 2**20
        share, woken = used[name]
        told(
            f"{name}: {resident:.1f} MiB resident, {shared:.1f} MiB its own part; "
            f"{share * 100:.2f} % of a core, {woken:.1f} wake-ups a second"
        )
    resident = sum(one.resident for one in held.values())
    return [
        Row("idle, both daemons, resident", resident, "MiB", 120 * 2**20),
        Row("  shared pages counted once", sum(one.shared for one in held.values()), "MiB"),
        Row("idle, processor, of one core", sum(one for one, _ in used.values()), "%", 0.005),
        Row("idle, wake-ups", sum(one for _, one in used.values()), "/s"),
    ]
