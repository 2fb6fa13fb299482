"""What the lab's machines fetch, served from this side of their network: wheels and images.

They have no other way out. The box's pip and Docker look here (`vmbox.py`), so that the project's
own provisioning runs as it is.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from tests.support import lockedwheels
from tests.support.engine import private_engine, start_registry

HOST = "192.168.121.1"
"""This side of the network that vagrant-libvirt gives every machine."""
WHEELS_PORT = 8080
IMAGES_PORT = 5000


@contextlib.contextmanager
def stores(folder: Path) -> Iterator[None]:
    """Both are served on every address until the end; ``folder`` keeps what was pushed."""
    with private_engine() as engine:
        shutil.copytree(engine.root / "registry", folder / "registry")
    registry = start_registry(folder, f"0.0.0.0:{IMAGES_PORT}")
    try:
        with _files(lockedwheels.provide()):
            yield
    finally:
        registry.terminate()
        registry.wait(30)


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
