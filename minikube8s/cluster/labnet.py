"""Owns the calls of the agent's program that makes a lab's network, and what is seen of that."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from minikube8s.cluster.config import Home, Settings
from minikube8s.cluster.errors import ClusterError
from minikube8s.cluster.supervising.daemons import Daemon
from minikube8s.kit import labnames, linkstate

SECONDS = 60.0


class LabCall:
    """The program `mk8s_agent.lab`, running: `apply`, `remove`, `cut NODE`, … of a home's lab."""

    def __init__(self, home: Home, *words: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "mk8s_agent.lab", "--spec", str(home.lab), *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            cwd="/",
        )

    def wait(self) -> None:
        """Return when it is done. Raises ClusterError with what it says, or after a minute."""
        try:
            _, said = self._process.communicate(timeout=SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()
            raise ClusterError(
                f"The lab's network was not done within {SECONDS:.0f} s: see `dmesg`, then run "
                "the command again."
            ) from None
        if self._process.returncode:
            lines = said.strip().splitlines() or ["it did not say why"]
            raise ClusterError(f"The lab's network: {lines[-1]}.")


def cut_nodes(settings: Settings) -> list[str]:
    """The nodes whose links to the lab are switched off."""
    return [
        node.name
        for node in settings.lab_nodes
        if linkstate.is_on(labnames.link(settings.name, settings.lab_cidr, node.address)) is False
    ]


def is_elsewhere(settings: Settings, node: str, agent: Daemon) -> bool:
    """Whether an agent runs in another network namespace than the one with its node's name.

    That is so when somebody removed the name, and a new one was made.
    """
    holder = agent.holder()
    if holder is None:
        return False
    try:
        own = Path(f"/proc/{holder.pid}/ns/net").stat()
        return not os.path.samestat(own, labnames.namespace(settings.name, node).stat())
    except OSError:
        return False
