"""What the lab's machines fetch, served from this side of their network: wheels and images.

They have no other way out. The box's pip and Docker look here (`vmbox.py`), so that the project's
own provisioning runs as it is.
"""

from __future__ import annotations

import contextlib
import hashlib
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from minikube8s.cluster.standins.packages import cache_directory
from tests.support.engine import private_engine, start_registry

HOST = "192.168.121.1"
"""This side of the network that vagrant-libvirt gives every machine."""
WHEELS_PORT = 8080
IMAGES_PORT = 5000
ROOT = Path(__file__).parents[2]

# what the box's pip takes: Debian 12 on a PC
_TARGET = (
    "--python-version=3.11", "--only-binary=:all:", "--platform=manylinux2014_x86_64",
    "--platform=manylinux_2_17_x86_64", "--platform=manylinux_2_28_x86_64",
)  # fmt: skip


@contextlib.contextmanager
def stores(folder: Path) -> Iterator[None]:
    """Both are served on every address until the end; ``folder`` keeps what was pushed."""
    with private_engine() as engine:
        shutil.copytree(engine.root / "registry", folder / "registry")
    registry = start_registry(folder, f"0.0.0.0:{IMAGES_PORT}")
    try:
        with _files(wheels()):
            yield
    finally:
        registry.terminate()
        registry.wait(30)


def wheels() -> Path:
    """A folder with the files of requirements.lock, downloaded unless the cache has them."""
    lock = ROOT / "requirements.lock"
    name = hashlib.sha256(lock.read_bytes()).hexdigest()[:24]
    target = cache_directory() / "wheels" / name
    if not target.exists():
        scratch = target.with_suffix(".part")
        shutil.rmtree(target.parent, ignore_errors=True)
        command = [sys.executable, "-m", "pip", "download", "-q", "--require-hashes", *_TARGET]
        subprocess.run([*command, "-d", str(scratch), "-r", str(lock)], check=True, timeout=600)
        scratch.rename(target)
    return target


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Nobody reads who fetched what."""


@contextlib.contextmanager
def _files(folder: Path) -> Iterator[None]:
    handler = partial(_Quiet, directory=str(folder))
    with ThreadingHTTPServer(("0.0.0.0", WHEELS_PORT), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield
        server.shutdown()
