"""A client of the API that costs little itself, so that the server is what gets measured.

Owns one kept TLS connection a :class:`Connection`, and watches read by a thread of their own.
"""

from __future__ import annotations

import json
import socket
import ssl
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

HOST, PORT = "127.0.0.1", 6443
PODS = "/api/v1/namespaces/default/pods"
MAPS = "/api/v1/namespaces/default/configmaps"
MERGE = "application/merge-patch+json"

Seen = Callable[[dict[str, Any]], bool]


class Connection:
    """One administrator's connection; requests are prepared bytes, answers are bodies."""

    def __init__(self, home: Path, port: int = PORT) -> None:
        context = ssl.create_default_context(cafile=home / "pki/ca.crt")
        context.load_cert_chain(home / "pki/admin.crt", home / "pki/admin.key")
        plain = socket.create_connection((HOST, port), timeout=60)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket = context.wrap_socket(plain, server_hostname="localhost")
        self._rest = b""

    def close(self) -> None:
        """End the connection."""
        self.socket.close()

    def send(self, request: bytes) -> None:
        """Send a request made by :func:`request`."""
        self.socket.sendall(request)

    def answer(self) -> tuple[int, bytes]:
        """Read one answer of known length: status and body."""
        data = self._rest
        while (end := data.find(b"\r\n\r\n")) < 0:
            data += self._receive()
        head = data[:end].lower()
        start = head.index(b"content-length:") + 15
        length = int(head[start : (head.find(b"\r\n", start) + 1 or len(head) + 1) - 1])
        parts, have = [data[end + 4 :]], len(data) - end - 4
        while have < length:
            parts.append(self._receive())
            have += len(parts[-1])
        body = b"".join(parts)
        self._rest = body[length:]
        return int(head[9:12]), body[:length]

    def call(self, method: str, path: str, body: object = None, kind: str = "") -> dict[str, Any]:
        """One request and its decoded answer; fails on an error status."""
        self.send(request(method, path, body, kind))
        status, content = self.answer()
        assert status < 400, f"{method} {path}: {status} {content.decode(errors='replace')}"
        decoded: dict[str, Any] = json.loads(content)
        return decoded

    def lines(self) -> bytes:
        """What came of a stream; empty at its end. Chunk sizes are left in: no line of JSON."""
        return self.socket.recv(1 << 20)

    def _receive(self) -> bytes:
        data = self.socket.recv(1 << 20)
        if not data:
            raise ConnectionError("the server closed the connection")
        return data


def request(method: str, path: str, body: object = None, kind: str = "") -> bytes:
    """A request as bytes."""
    content = b"" if body is None else json.dumps(body).encode()
    head = f"{method} {path} HTTP/1.1\r\nHost: {HOST}:{PORT}\r\nAccept: application/json\r\n"
    if content:
        head += f"Content-Type: {kind or 'application/json'}\r\nContent-Length: {len(content)}\r\n"
    return head.encode() + b"\r\n" + content


class Watch:
    """A watch from now on; notes when each event arrived."""

    def __init__(self, home: Path, path: str, port: int = PORT) -> None:
        self._connection = Connection(home, port)
        self._events: deque[tuple[float, dict[str, Any]]] = deque()
        self._news = threading.Condition()
        mark = "&" if "?" in path else "?"
        listed = self._connection.call("GET", f"{path}{mark}limit=1")
        revision = listed["metadata"]["resourceVersion"]
        self._connection.send(request("GET", f"{path}{mark}watch=1&resourceVersion={revision}"))
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def __enter__(self) -> Watch:
        return self

    def __exit__(self, *_: object) -> None:
        # Not the TLS socket's own: after that one the reader would be given what is encrypted.
        socket.socket.shutdown(self._connection.socket, socket.SHUT_RDWR)
        self._thread.join(10)
        self._connection.close()

    def until(self, seen: Seen, start: float, seconds: float = 60) -> float:
        """Seconds from ``start`` to the first event after it that ``seen`` accepts."""
        deadline = time.perf_counter() + seconds
        with self._news:
            while True:
                while self._events:
                    at, event = self._events.popleft()
                    if at > start and seen(event):
                        return at - start
                left = deadline - time.perf_counter()
                assert left > 0 and self._news.wait(left), f"not seen within {seconds} s"

    def taken(self) -> list[tuple[float, dict[str, Any]]]:
        """Every event so far that was not taken yet, with when it arrived."""
        with self._news:
            events = list(self._events)
            self._events.clear()
        return events

    def _read(self) -> None:
        rest = b""
        while True:
            try:
                data = self._connection.lines()
            except OSError:
                return
            if not data:
                return
            at = time.perf_counter()
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                if line.startswith(b'{"'):
                    with self._news:
                        self._events.append((at, json.loads(line)))
                        self._news.notify_all()


def is_running(name: str) -> Seen:
    """An event that shows the pod ``name`` Running."""
    return lambda event: (
        event["object"]["metadata"]["name"] == name
        and event["object"].get("status", {}).get("phase") == "Running"
    )


def is_gone(name: str) -> Seen:
    """An event that shows the end of ``name``."""
    return lambda event: event["type"] == "DELETED" and event["object"]["metadata"]["name"] == name
