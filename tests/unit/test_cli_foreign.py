"""Objects of kinds that only the server knows: custom resources of any Kubernetes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

MK8S = Path(sys.executable).with_name("mk8s")
DEADLINE = 30.0
WEBS = "/apis/example.com/v1/namespaces/default/webs"
DISCOVERY = {
    "kind": "APIGroupDiscoveryList",
    "items": [
        {
            "metadata": {"name": "example.com"},
            "versions": [
                {
                    "version": "v1",
                    "resources": [
                        {
                            "resource": "webs",
                            "singularResource": "web",
                            "responseKind": {"kind": "Web"},
                            "scope": "Namespaced",
                            "verbs": ["get", "list", "create", "patch", "delete"],
                        }
                    ],
                }
            ],
        }
    ],
}


class Foreign(ThreadingHTTPServer):
    """A server of one custom kind; ``asked`` is what came in: method, path, media type, body."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.objects: dict[str, Any] = {}
        self.asked: list[tuple[str, str, str, Any]] = []


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Foreign

    def _answer(self) -> None:
        path = self.path.partition("?")[0]
        data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = json.loads(data) if data else None
        self.server.asked.append((self.command, path, self.headers.get("Content-Type") or "", body))
        code, content = self._found(path, body)
        answer = json.dumps(content).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_GET = do_POST = do_PATCH = do_DELETE = _answer

    def _found(self, path: str, body: Any) -> tuple[int, Any]:
        if path in {"/api", "/apis"}:
            return 200, DISCOVERY if path == "/apis" else {"kind": "APIGroupDiscoveryList"}
        objects = self.server.objects
        if self.command == "POST":
            path = f"{path}/{body['metadata']['name']}"
            objects[path] = body | {"metadata": {**body["metadata"], "resourceVersion": "1"}}
        if path not in objects:
            return 404, {"kind": "Status", "reason": "NotFound", "message": "there is none"}
        if self.command == "PATCH":
            objects[path]["metadata"]["resourceVersion"] = "2"
        return 200, objects[path]

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def foreign() -> Iterator[Foreign]:
    server = Foreign()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def _mk8s(foreign: Foreign, folder: Path, *words: str, stdin: str) -> str:
    server = f"--server=http://127.0.0.1:{foreign.server_port}"
    done = subprocess.run(
        [str(MK8S), *words, server],
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        timeout=DEADLINE,
        env=os.environ | {"KUBECONFIG": "", "HOME": str(folder), "MK8S_HOME": str(folder / "no")},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def _web(*items: str) -> str:
    return json.dumps(
        {
            "apiVersion": "example.com/v1",
            "kind": "Web",
            "metadata": {"name": "a"},
            "spec": {"items": [{"name": item} for item in items]},
        }
    )


def test_custom_resources_are_applied_by_merge_patches_which_replace_lists(
    foreign: Foreign, tmp_path: Path
) -> None:
    out = _mk8s(foreign, tmp_path, "apply", "-f", "-", stdin=_web("x", "y"))
    assert out == "web.example.com/a created\n"
    foreign.asked.clear()
    out = _mk8s(foreign, tmp_path, "apply", "-f", "-", stdin=_web("y"))
    assert out == "web.example.com/a configured\n"
    method, path, media, body = foreign.asked[-1]
    assert (method, path, media) == ("PATCH", f"{WEBS}/a", "application/merge-patch+json")
    assert body["spec"] == {"items": [{"name": "y"}]}


def test_custom_resources_are_deleted_by_their_own_words(foreign: Foreign, tmp_path: Path) -> None:
    _mk8s(foreign, tmp_path, "create", "-f", "-", stdin=_web("x"))
    out = _mk8s(foreign, tmp_path, "delete", "web", "a", "--wait=false", stdin="")
    assert out == 'web.example.com "a" deleted\n'
