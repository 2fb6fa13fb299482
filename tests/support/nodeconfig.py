"""What the agent's network and proxy read of its configuration, for tests of them alone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

NODE = "node-1"


@dataclass(frozen=True)
class NodeConfig:
    """A node of a small cluster; ranges of both families stand with a comma between them."""

    state_dir: Path
    cluster: str = "test"
    node: str = NODE
    cluster_cidr: str = "10.244.0.0/16"
    service_cidr: str = "10.96.0.0/12"
    lab_cidr: str = ""
    master: str = "127.0.0.1:6444"

    @property
    def record_dir(self) -> Path:
        return self.state_dir
