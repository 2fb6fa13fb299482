"""A light command does not load what is heavy: its user waits for every import."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = {
    "aiohttp", "asyncio", "concurrent.futures", "cryptography", "grpc", "hypothesis", "jinja2",
    "jsonpatch", "kubernetes_validate", "minikube8s.api.openapi", "minikube8s.api.schema",
    "minikube8s.api.strategy", "minikube8s.registry", "minikube8s.server", "minikube8s.store",
    "multiprocessing", "pydantic", "pyroute2", "rich", "sqlite3", "tarfile", "urllib.request",
}  # fmt: skip
"""What only a command may load that is about to do something long with it."""
NETWORK = {"http.client", "ssl", "email", "socket"}
DATA = {"yaml", "json", "minikube8s.api"}
GUESSES = {"difflib"}
"""What only a command may load that has failed."""

LIGHT = {
    "--help": HEAVY | NETWORK | DATA | GUESSES,
    "--version": HEAVY | {"ssl", "yaml"},
    "get --help": HEAVY | {"yaml"},
    "get pods": HEAVY | GUESSES | {"msgspec"},
    "get pods -o wide": HEAVY,
    "get deploy web -o json": HEAVY,
    "describe pod web": HEAVY,
    "delete pod web": HEAVY,
    "logs web": HEAVY,
    "scale deploy web --replicas=2": HEAVY,
    "get nothing --wrong": HEAVY,
    "version": HEAVY,
    "config get-contexts": HEAVY | {"yaml", "ssl"},
    "completion bash": HEAVY | NETWORK | {"yaml"},
    "__complete -- get pods w": HEAVY | {"yaml"},
    "api-resources": HEAVY | {"yaml"},
    "explain pod.spec": HEAVY | {"yaml"},
    "auth can-i get pods": HEAVY | {"yaml"},
    "gte pods": HEAVY | NETWORK | DATA,
}


@pytest.mark.parametrize("line", LIGHT)
def test_a_light_command_loads_nothing_heavy(line: str, tmp_path: Path) -> None:
    loaded = modules(line, tmp_path)
    assert "click" in loaded
    assert {name for name in LIGHT[line] if name in loaded} == set()


def modules(line: str, folder: Path) -> set[str]:
    """What the command imports until it has asked a server, which is not there."""
    config = folder / "config"
    config.write_text(
        '{"clusters": [{"name": "c", "cluster": {"server": "https://127.0.0.1:1"}}],'
        '"users": [{"name": "u", "user": {"token": "t"}}],'
        '"contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],'
        '"current-context": "x"}'
    )
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "minikube8s.cli.main", *line.split()],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env=os.environ | {"KUBECONFIG": str(config), "MK8S_HOME": str(folder / "none")},
    )
    told = done.stderr.splitlines()
    assert not any("Traceback" in one or "mk8s itself failed" in one for one in told), done.stderr
    return {one.rpartition("|")[2].strip() for one in told if one.startswith("import time:")}
