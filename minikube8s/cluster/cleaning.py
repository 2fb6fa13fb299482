"""Owns removing what agents made on this machine, by their own program `--remove-everything`."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable, Sequence

from minikube8s.cluster import layout
from minikube8s.cluster.config import Home
from minikube8s.cluster.errors import ClusterError

SECONDS = 120.0


def clean(home: Home, lab_nodes: Sequence[str]) -> bool:
    """Remove containers, rules, links and routes of the first node and of the lab's.

    False when there never were any. Raises ClusterError when something is left.
    """
    return _clean(home, ("", *lab_nodes))


def _clean(home: Home, wanted: Iterable[str]) -> bool:
    nodes = [node for node in wanted if layout.agent_config(home, node).exists()]
    running = [_removal(home, node) for node in nodes]
    failures = [said for said in map(_outcome, running) if said]
    if failures:
        raise ClusterError(failures[0])
    return bool(nodes)


def clean_node(home: Home, lab_node: str) -> None:
    """Remove containers and files of a node of the lab. Raises ClusterError."""
    _clean(home, [lab_node])


def _removal(home: Home, lab_node: str) -> subprocess.Popen[str]:
    config = str(layout.agent_config(home, lab_node))
    return subprocess.Popen(
        [sys.executable, "-m", "mk8s_agent", "--config", config, "--remove-everything"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        cwd="/",
    )


def _outcome(process: subprocess.Popen[str]) -> str:
    """What could not be removed, in a sentence."""
    try:
        _, said = process.communicate(timeout=SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        return (
            f"Removing the pods took longer than {SECONDS:.0f} s: see whether the Docker "
            "engine answers (`docker ps`), then run `mk8s down` again."
        )
    if process.returncode == 0:
        return ""
    lines = said.strip().splitlines() or ["it did not say why"]
    return f"Not everything could be removed: {lines[-1]}"
