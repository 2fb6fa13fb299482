"""A registry with one image, whose layer stops half way until the test lets it go on."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import io
import json
import random
import tarfile
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

BYTES = 4 << 20
_STOPPED_SECONDS = 120
_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"


class SlowRegistry:
    """What it serves, and ``go_on``, which lets the rest of the layer through."""

    def __init__(self) -> None:
        self.go_on = threading.Event()
        content = random.Random(4).randbytes(BYTES)
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w") as layer:
            entry = tarfile.TarInfo("ballast")
            entry.size = len(content)
            layer.addfile(entry, io.BytesIO(content))
        self.layer = gzip.compress(archive.getvalue(), 1, mtime=0)
        config = json.dumps(
            {
                "architecture": "amd64",
                "os": "linux",
                "config": {"Cmd": ["/none"]},
                "rootfs": {"type": "layers", "diff_ids": [_digest(archive.getvalue())]},
            }
        ).encode()
        self.manifest = json.dumps(
            {
                "schemaVersion": 2,
                "mediaType": _MANIFEST,
                "config": _described("container.image.v1+json", config),
                "layers": [_described("image.rootfs.diff.tar.gzip", self.layer)],
            }
        ).encode()
        self.blobs = {_digest(data): data for data in (config, self.layer)}
        self.port = 0

    @property
    def image(self) -> str:
        """The reference by which the engine pulls it."""
        return f"127.0.0.1:{self.port}/slow:1"


@contextlib.contextmanager
def serving() -> Iterator[SlowRegistry]:
    """The registry, on a port of this machine that engines trust without TLS."""
    registry = SlowRegistry()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            pass

        def do_HEAD(self) -> None:
            self._answer(body=False)

        def do_GET(self) -> None:
            self._answer(body=True)

        def _answer(self, *, body: bool) -> None:
            name = self.path.rpartition("/")[2]
            data, kind = registry.blobs.get(name, b"{}"), "application/octet-stream"
            if "/manifests/" in self.path:
                data, kind = registry.manifest, _MANIFEST
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(data)))
            self.send_header("Docker-Content-Digest", _digest(data))
            self.end_headers()
            if not body:
                return
            half = len(data) // 2 if data is registry.layer else len(data)
            with contextlib.suppress(ConnectionError):
                self.wfile.write(data[:half])
                self.wfile.flush()
                if half < len(data) and registry.go_on.wait(_STOPPED_SECONDS):
                    self.wfile.write(data[half:])

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        registry.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield registry
        finally:
            registry.go_on.set()
            server.shutdown()


def _digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def _described(kind: str, data: bytes) -> dict[str, object]:
    media = f"application/vnd.docker.{kind}"
    return {"mediaType": media, "size": len(data), "digest": _digest(data)}
