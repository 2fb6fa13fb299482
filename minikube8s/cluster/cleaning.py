"""Owns removing what agents made on this machine, by their own program `--remove-everything`."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

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
    configs = [layout.agent_config(home, node) for node in wanted]
    lost = [one for one in configs if _has_run(one) and not layout.cluster_in(one)]
    present = [one for one in configs if one.exists() and one not in lost]
    failures = [
        f"{config} is damaged or gone, which says what its agent made: `mk8s reset` removes that."
        for config in lost
    ] + remove(present)
    if failures:
        raise ClusterError(f"Not everything could be removed: {failures[0]}")
    return bool(present)


def _has_run(config: Path) -> bool:
    """Whether an agent of that configuration ever ran."""
    return (config.parent / "agent.pid").exists()


def remove(configs: Iterable[Path]) -> list[str]:
    """Remove what agents of these configurations made; returns what is left, in sentences."""
    running = [_removal(config) for config in configs]
    return [said for said in map(_outcome, running) if said]


def clean_node(home: Home, lab_node: str) -> None:
    """Remove containers and files of a node of the lab. Raises ClusterError."""
    _clean(home, [lab_node])


def _removal(config: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "mk8s_agent", "--config", str(config), "--remove-everything"],
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
            f"removing the pods took longer than {SECONDS:.0f} s: see whether the Docker "
            "engine answers (`docker ps`), then run `mk8s down` again."
        )
    if process.returncode == 0:
        return ""
    lines = said.strip().splitlines() or ["it did not say why"]
    return lines[-1].removeprefix("mk8s_agent: ")
