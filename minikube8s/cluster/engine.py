"""Owns talking HTTP to the Docker engine that DOCKER_HOST names, one call a connection.

Standard library only, so that images can be built before anything is installed.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote, urlencode

from minikube8s.cluster.errors import ClusterError

DEFAULT_HOST = "unix:///var/run/docker.sock"
SECONDS = 10.0
"""How long a quick answer may take."""
_BLOCK = 1 << 16
STREAM_SECONDS = 300.0
"""How long the engine may be silent while it packs or unpacks an image."""


class EngineConnection(http.client.HTTPConnection):
    """HTTP to the place that DOCKER_HOST names. Raises ClusterError for one that is no such."""

    def __init__(self, docker_host: str, seconds: float = STREAM_SECONDS) -> None:
        scheme, _, place = docker_host.partition("://")
        host, _, port = place.partition(":")
        if scheme not in ("unix", "tcp") or not place or not (port.isdigit() or not port):
            raise ClusterError(
                f"DOCKER_HOST {docker_host!r} is not understood: it must read unix:///path or "
                "tcp://host:port."
            )
        local = scheme == "unix"
        super().__init__(
            "docker" if local else host, None if local else int(port or 2375), timeout=seconds
        )
        self._path = place if local else ""

    def connect(self) -> None:
        """Open the connection."""
        if not self._path:
            super().connect()
            return
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class Engine:
    """What is asked of the engine behind ``docker_host``. Every call may raise ClusterError."""

    def __init__(self, docker_host: str) -> None:
        self.docker_host = docker_host

    def json(self, path: str, seconds: float = SECONDS) -> Any:
        """The decoded answer to a GET."""
        with self.answer("GET", path, seconds=seconds) as blocks:
            try:
                return json.loads(b"".join(blocks))
            except ValueError as error:
                raise ClusterError(
                    f"The Docker engine at {self.docker_host} answers {path} with something else "
                    f"than JSON ({error}): see `docker info`."
                ) from None

    def image(self, reference: str) -> dict[str, Any] | None:
        """What the engine says of an image, None when it has none of that name."""
        try:
            found: dict[str, Any] = self.json(f"/images/{quote(reference, safe=':/@')}/json")
        except NoSuchThing:
            return None
        return found

    @contextlib.contextmanager
    def answer(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: object = None,
        seconds: float = SECONDS,
    ) -> Iterator[Iterator[bytes]]:
        """One call and its answer as it comes; ``seconds`` bound each silent wait.

        Its connection ends with the block. ``body`` is bytes, a file, or what yields bytes.
        """
        target = path + (f"?{urlencode(query)}" if query else "")
        with contextlib.closing(EngineConnection(self.docker_host, seconds)) as connection:
            with self._explained():
                connection.request(method, target, body)  # type: ignore[arg-type]
                response = connection.getresponse()
                if response.status >= 400:
                    raise self._refused(response.status, response.read())
            yield self._blocks(response)

    def _blocks(self, response: http.client.HTTPResponse) -> Iterator[bytes]:
        while True:
            with self._explained():
                block = response.read1(_BLOCK)
            if not block:
                return
            yield block

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            why = error.strerror or str(error)
        except http.client.HTTPException as error:
            why = str(error) or type(error).__name__
        else:
            return
        raise ClusterError(
            f"The Docker engine at {self.docker_host} does not answer ({why}): see `docker info`, "
            "or name another engine with DOCKER_HOST."
        )

    def _refused(self, status: int, said: bytes) -> ClusterError:
        try:
            message = str(json.loads(said)["message"])
        except (ValueError, KeyError, TypeError):
            message = said.decode(errors="replace").strip() or f"status {status}"
        sort = NoSuchThing if status == 404 else ClusterError
        return sort(f"The Docker engine at {self.docker_host} refuses: {message}")


class NoSuchThing(ClusterError):
    """The engine has nothing of that name."""
