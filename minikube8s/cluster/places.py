"""Owns where a cluster's files are below its home. Light: every call of mk8s asks it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Self

DEFAULT_HOME = "/var/lib/mk8s"


class Place:
    """The files of one cluster below one directory."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.settings = path / "settings.json"
        self.pki = path / "pki"
        self.kubeconfig = path / "admin.kubeconfig"
        self.logs = path / "logs"
        self.master = path / "master"
        self.agent = path / "agent"
        self.nodes = path / "nodes"
        self.lab = path / "lab.json"
        self.joined = path / "joined.json"
        self.simulation = path / "simulation.json"
        self.hollow = path / "hollow"
        self.lock = path / "up.lock"

    @classmethod
    def from_environment(cls, option: str | None = None) -> Self:
        """The home that the option, else ``MK8S_HOME``, else the default names."""
        return cls(Path(option or os.environ.get("MK8S_HOME") or DEFAULT_HOME).absolute())

    def exists(self) -> bool:
        """Whether a cluster was created here."""
        return self.settings.exists()

    def used(self) -> bool:
        """Whether a cluster was created here, or another machine's joined."""
        return self.exists() or self.is_joined()

    def is_joined(self) -> bool:
        """Whether this machine joined another one's cluster; false where that cannot be seen."""
        try:
            return self.joined.exists()
        except OSError:
            return False

    def is_simulated(self) -> bool:
        """Whether the cluster here has hollow nodes; false where that cannot be seen."""
        try:
            return self.simulation.exists()
        except OSError:
            return False
