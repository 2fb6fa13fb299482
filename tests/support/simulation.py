"""A simulated cluster of the test's own, driven by `mk8s simulate` and by real kubectl."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.cluster import MK8S, Result, kubectls, run_in
from tests.support.wait import until


@dataclass(frozen=True)
class Simulation:
    """One simulated cluster: its home and its ports."""

    home: Path
    api_port: int = 7443
    agent_port: int = 7444

    @property
    def environment(self) -> dict[str, str]:
        """The environment of every command: this cluster and no other configuration."""
        kept = {
            k: v for k, v in os.environ.items() if not k.startswith(("MK8S_", "KUBE", "DOCKER"))
        }
        return kept | {
            "MK8S_HOME": str(self.home),
            "KUBECONFIG": str(self.home / "admin.kubeconfig"),
            "HOME": str(self.home.parent),
        }

    def simulate(self, *arguments: str, seconds: float = 300) -> Result:
        """Run `mk8s simulate` with ``arguments``."""
        ports = ("--api-port", str(self.api_port), "--agent-port", str(self.agent_port))
        return self.run([str(MK8S), "simulate", *ports, *arguments], seconds)

    def kubectl(self, *arguments: str, seconds: float = 120) -> Result:
        """Run the newest kubectl with ``arguments``."""
        return self.run([list(kubectls().values())[-1], *arguments], seconds)

    def pods(self) -> list[dict[str, Any]]:
        """The pods of the load."""
        items: list[dict[str, Any]]
        items = json.loads(self.kubectl("get", "pods", "-n", "simulated", "-o", "json").ok())[
            "items"
        ]
        return items

    def pid(self, daemon: str) -> int:
        """The process id of `master` or `hollow`."""
        return int((self.home / daemon / f"{daemon}.pid").read_text().split()[0])

    def kill(self, daemon: str) -> None:
        """`kill -9` a daemon; returns when `mk8s status` says that it is gone."""
        os.kill(self.pid(daemon), signal.SIGKILL)
        status = [str(MK8S), "status"]
        until("status says so", lambda: f"{daemon} " in self._stopped(self.run(status).out))

    def run(self, command: list[str], seconds: float = 120) -> Result:
        """Run ``command`` in this cluster's environment."""
        return run_in(command, self.environment, self.home.parent, seconds=seconds)

    @staticmethod
    def _stopped(status: str) -> str:
        return "".join(line + " " for line in status.splitlines() if " stopped " in line)


@contextmanager
def simulation(folder: Path) -> Iterator[Simulation]:
    """A simulated cluster below ``folder``; it is removed at the end."""
    one = Simulation(folder / "simulated")
    try:
        yield one
    finally:
        subprocess.run([MK8S, "simulate", "--down"], env=one.environment, check=False)
