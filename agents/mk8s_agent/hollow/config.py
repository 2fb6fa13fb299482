"""What the hollow nodes' program is told when it starts: one JSON file."""

from __future__ import annotations

from pathlib import Path

import msgspec

from mk8s_agent.config import ConfigurationError


class HollowNode(msgspec.Struct, frozen=True, kw_only=True):
    """One node: its name, its address, its zone, and its certificate (PEM)."""

    name: str
    address: str
    zone: str
    certificate: str


class HollowConfig(msgspec.Struct, frozen=True, kw_only=True):
    """The configuration file's fields.

    `master` is host:port of the agents' port, `ca` the authority's PEM, `key` that of the key
    which all certificates are for. `start_seconds` is what a pod takes to become ready. Each node
    has so many `cpus`, and bytes of `memory` and `storage`, and room for `max_pods`.
    """

    master: str
    ca: str
    key: str
    pid_file: str
    nodes: tuple[HollowNode, ...]
    cluster: str = "simulated"
    start_seconds: float = 1.0
    cpus: int = 16
    memory: int = 64 << 30
    storage: int = 256 << 30
    max_pods: int = 110


def load(path: Path) -> HollowConfig:
    """Read the file. Raises ConfigurationError."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=HollowConfig)
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}") from error
    except msgspec.DecodeError as error:
        raise ConfigurationError(f"{path} configures no hollow nodes: {error}") from error
