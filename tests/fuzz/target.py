"""The fuzzed server from outside: requests of any form, and what it says about itself."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from minikube8s.api import protobuf

DEADLINE = 10.0
QUIET_SECONDS = 0.5
"""After so long without an answer the server waits for more of the request."""
STALL_SECONDS = 0.1
LATE = {503, 504}
"""The only codes from 500 on, and only with the word when to come back."""


class Request(NamedTuple):
    """One request, as it goes over the wire."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes | None

    def __repr__(self) -> str:
        return f"{self.method} {self.target[:500]!r} {self.headers} {(self.body or b'')[:2000]!r}"


class Reply(NamedTuple):
    """An answer; `data` empty where it is a stream."""

    code: int
    headers: http.client.HTTPMessage
    data: bytes

    @property
    def document(self) -> Any:
        """What the data says. Raises ValueError."""
        match self.headers["Content-Type"]:
            case protobuf.MEDIA_TYPE:
                return protobuf.decode(self.data)
            case "application/yaml":
                return yaml.safe_load(self.data)
        return json.loads(self.data)


class _Connection(http.client.HTTPSConnection):
    """A connection that sends what it is told to, however wrong that is."""

    def _validate_path(self, url: str) -> None:
        pass

    def _encode_request(self, request: str) -> bytes:
        return request.encode("utf-8", "surrogatepass")


class Target:
    """A fuzzed server in a process of its own."""

    def __init__(self, directory: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.fuzz.server", str(directory)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())
        self.tls = ssl.create_default_context(cafile=str(directory / "ca.crt"))
        self.tls.load_cert_chain(directory / "admin.crt", directory / "admin.key")
        self._connection: http.client.HTTPSConnection | None = None

    def close(self) -> None:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._hang_up()
        self._process.stdin.close()
        try:
            assert self._process.wait(DEADLINE) == 0
        finally:
            self._process.kill()
            self._process.stdout.close()

    def told(self, command: str) -> dict[str, Any]:
        """Return what the server says about itself when asked to `look` or to `weigh`."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(command + "\n")
        self._process.stdin.flush()
        seen: dict[str, Any] = json.loads(self._process.stdout.readline())
        return seen

    def send(self, request: Request) -> Reply | None:
        """Send a request; None where the server hung up on it without an answer."""
        for again in (True, False):
            fresh = self._connection is None
            try:
                return self._send(request)
            except TimeoutError:
                self._hang_up()
                raise AssertionError(f"not within {DEADLINE:.0f} s: {request!r}") from None
            except (http.client.HTTPException, ConnectionError, ssl.SSLError):
                self._hang_up()
                # A connection that was kept may have been closed meanwhile.
                if fresh or not again:
                    return None
        return None

    def raw(self, data: bytes) -> bytes:
        """Send bytes over a connection of their own; return what comes back, if anything does."""
        with (
            socket.create_connection(("127.0.0.1", self.port), timeout=DEADLINE) as plain,
            self.tls.wrap_socket(plain, server_hostname="127.0.0.1") as secure,
        ):
            try:
                secure.sendall(data)
                secure.settimeout(QUIET_SECONDS)
                return secure.recv(65536)
            except (OSError, ssl.SSLError):
                return b""

    def _send(self, request: Request) -> Reply:
        if self._connection is None:
            self._connection = _Connection(
                "127.0.0.1", self.port, context=self.tls, timeout=DEADLINE
            )
        self._connection.putrequest(request.method, request.target)
        for name, value in request.headers.items():
            self._connection.putheader(name, value.encode("utf-8", "surrogatepass"))
        if request.body is not None:
            self._connection.putheader("Content-Length", str(len(request.body)))
        self._connection.endheaders(request.body)
        response = self._connection.getresponse()
        if response.chunked or response.status == 101:
            self._hang_up()
            return Reply(response.status, response.headers, b"")
        data = response.read()
        if response.will_close:
            self._hang_up()
        return Reply(response.status, response.headers, data)

    def _hang_up(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def judge(request: Request, reply: Reply | None) -> str:
    """Return what is wrong with an answer, empty when nothing is."""
    if reply is None:
        return f"no answer to {request!r}"
    if reply.code >= 500 and not (reply.code in LATE and reply.headers["Retry-After"]):
        return f"{reply.code} {reply.data[:500]!r} to {request!r}"
    if reply.code < 400 or request.method == "HEAD":
        return ""
    try:
        status = reply.document
        told = status["kind"] == "Status" and status["code"] == reply.code
        told = told and bool(status["reason"] and status["message"])
    except (ValueError, KeyError, TypeError):
        told = False
    return "" if told else f"{reply.code} without a Status: {reply.data[:500]!r} to {request!r}"
