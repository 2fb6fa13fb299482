"""Measures what the project promises, on a private engine: `script/bench [PART …]`.

Prints one table. The micro-benches of single packages run by their names after it.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from minikube8s.kit import openfiles
from tests.bench.burst import burst
from tests.bench.commands import commands
from tests.bench.datapath import datapath
from tests.bench.dns import dns
from tests.bench.held import held
from tests.bench.idle import idle
from tests.bench.latency import latency
from tests.bench.load import capacity, load
from tests.bench.objects import IMAGE, WEB
from tests.bench.pods import pods
from tests.bench.probed import probed
from tests.bench.report import Row, table, told
from tests.bench.services import services
from tests.bench.severalnodes import several_nodes
from tests.bench.simulated import simulated
from tests.bench.startup import up
from tests.bench.watchers import watchers
from tests.bench.workloads import node_port, workloads
from tests.support.cluster import Cluster
from tests.support.engine import private_engine

# in this order: what idles has run a few pods and a Service before, and what holds many pods has
# not yet been under load
PARTS: dict[str, Callable[[Cluster], list[Row]]] = {
    "up": up,
    "nodes": several_nodes,
    "pods": pods,
    "latency": latency,
    "burst": burst,
    "nodeport": node_port,
    "idle": idle,
    "held": held,
    "commands": commands,
    "probed": probed,
    "workloads": workloads,
    "capacity": capacity,
    "watchers": watchers,
    "load": load,
}
# these need no engine: namespaces of their own with the agent's parts in them, or hollow nodes
ALONE: dict[str, Callable[[], list[Row]]] = {
    "services": services,
    "datapath": datapath,
    "dns": dns,
    "simulated": simulated,
}
MICRO = {
    "store": "bench_store.py",
    "proxy": "bench_proxy.py",
    "policies": "bench_policies.py",
    "scheduler": "bench_scheduler.py",
}


def main() -> int:
    """Measure the parts named on the command line, or all but the micro-benches."""
    parser = argparse.ArgumentParser(prog="script/bench", description=__doc__)
    choices = [*PARTS, *ALONE, *MICRO]
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(choices)}")
    wanted = parser.parse_args().parts or [*PARTS, *ALONE]
    if unknown := set(wanted) - set(choices):
        parser.error(f"there is no part {', '.join(sorted(unknown))}; there are {choices}")
    assert os.environ.get("MK8S_TEST_NAMESPACE") == "private", "run this with script/bench"
    rows = _alone([name for name in ALONE if name in wanted])
    if on_cluster := [name for name in PARTS if name in wanted]:
        rows += _measured(on_cluster)
    if rows:
        print(table(rows))
    for name, program in MICRO.items():
        if name in wanted:
            print(f"\n{name}", flush=True)
            subprocess.run([sys.executable, Path(__file__).with_name(program)], check=True)
    return 0


def _alone(parts: list[str]) -> list[Row]:
    rows: list[Row] = []
    for name in parts:
        told(f"measuring {name}")
        rows += ALONE[name]()
    return rows


def _measured(parts: list[str]) -> list[Row]:
    rows: list[Row] = []
    with private_engine() as engine, tempfile.TemporaryDirectory(prefix="mk8s-bench-") as folder:
        for image in (IMAGE, WEB):
            engine.run("pull", "--quiet", image)
        cluster = Cluster(Path(folder) / "mk8s", engine)
        try:
            openfiles.allow_many()
            cluster.mk8s("up").ok()
            for name in parts:
                told(f"measuring {name}")
                rows += PARTS[name](cluster)
        finally:
            cluster.mk8s("down", "--purge")
    return rows


if __name__ == "__main__":
    sys.exit(main())
