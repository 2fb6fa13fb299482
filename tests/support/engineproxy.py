"""A stand between an agent and its engine that can hold calls back or refuse them."""

from __future__ import annotations

import contextlib
import json
import re
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

_BLOCK = 1 << 16


class EngineProxy:
    """Passes calls on to the engine at ``target``, but for those that a test has trouble with."""

    def __init__(self, place: Path, target: str) -> None:
        self.host = f"unix://{place}"
        self._target = target.removeprefix("unix://")
        self._held = ""
        self._refused: tuple[str, int, str] | None = None
        self._caught: list[socket.socket] = []
        self._lock = threading.Lock()
        self.calls: list[str] = []
        """What was held back or refused, as `METHOD /path`."""
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(place))
        self._listener.listen(256)
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Take no more calls."""
        self._listener.close()

    @contextlib.contextmanager
    def holding(self, pattern: str) -> Iterator[None]:
        """Answer no call whose `METHOD /path` the pattern is found in; afterwards break them off.

        A pattern that everything matches lets open streams fall silent, too.
        """
        self._held = pattern
        try:
            yield
        finally:
            self._held = ""
            with self._lock:
                caught, self._caught = self._caught, []
            for one in caught:
                _end(one)

    @contextlib.contextmanager
    def refusing(self, pattern: str, status: int, message: str) -> Iterator[None]:
        """Answer matching calls with an error."""
        self._refused = (pattern, status, message)
        try:
            yield
        finally:
            self._refused = None

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        data = client.recv(_BLOCK)
        called = b" ".join(data.split(b" ", 2)[:2]).decode("latin-1")
        if self._held and re.search(self._held, called):
            self._catch(client, called)
            return
        if self._refused and re.search(self._refused[0], called):
            self.calls.append(called)
            body = json.dumps({"message": self._refused[2]}).encode()
            head = f"HTTP/1.1 {self._refused[1]} No\r\nContent-Length: {len(body)}\r\n\r\n"
            client.sendall(head.encode() + body)
            _end(client)
            return
        engine = socket.socket(socket.AF_UNIX)
        try:
            engine.connect(self._target)
            engine.sendall(data)
        except OSError:
            _end(client)
            return
        threading.Thread(target=self._pump, args=(client, engine), daemon=True).start()
        self._pump(engine, client)
        _end(client)
        _end(engine)

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(_BLOCK):
                if self._held and re.search(self._held, "any stream"):
                    # What is lost on the way is what an engine drops that nobody listens to.
                    continue
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)

    def _catch(self, client: socket.socket, called: str) -> None:
        with self._lock:
            self.calls.append(called)
            self._caught.append(client)


def _end(one: socket.socket) -> None:
    with contextlib.suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
    one.close()
