"""Owns talking HTTP to an API server: requests on a kept connection, errors as sentences.

Standard library only, because importing an HTTP framework costs more than the whole request.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import click

from minikube8s.cli.connection import exchanges
from minikube8s.cli.connection.statuses import sentence, status_of
from minikube8s.cli.errors import CommandError
from minikube8s.cli.output import styles
from minikube8s.cli.output.escapes import harmless

if TYPE_CHECKING:
    from minikube8s.cli.connection.websocket import WebSocket
    from minikube8s.cli.connection.wire import Wire
    from minikube8s.cluster.config import Home

TIMEOUT_SECONDS = 30.0
_JSON = "application/json"
_MOVED = (301, 302, 303, 307, 308)
_MOST_MOVES = 10
_REQUESTS, _BODIES = 6, 8
"""From which `-v` on requests and what is answered are told."""


class ApiFailure(CommandError):
    """The server answered with a Status; ``status`` is that object."""

    def __init__(self, status: dict[str, Any], way_out: str = "") -> None:
        super().__init__(sentence(status) + (f": {way_out}" if way_out else ""), prefix="")
        self.status = status

    @property
    def reason(self) -> str:
        """The Status' reason, such as ``NotFound``."""
        return str(self.status.get("reason", ""))


class Unreachable(CommandError):
    """Nobody answers, or the connection was lost; trying again later may help."""


class Client:
    """One API server and one identity; every call is one request on a kept connection."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._kept: http.client.HTTPConnection | None = None

    @staticmethod
    def of_home(home: Home) -> Client:
        """The administrator of the cluster in ``home``, whatever a kubeconfig says."""
        from minikube8s.cli.connection.reaching import of_home
        from minikube8s.cli.connection.wire import Wire

        return Client(Wire(of_home(home)))

    def another(self) -> Client:
        """A client of the same server and identity with a connection of its own, for a thread."""
        return Client(self._wire)

    @property
    def warned(self) -> int:
        """How many different warnings the server has sent."""
        return len(self._wire.warned)

    @property
    def server(self) -> str:
        """The server's address."""
        return self._wire.access.server

    def json(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        content_type: str = _JSON,
        accept: str = _JSON,
        query: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """The decoded answer. Raises ApiFailure for a Status, CommandError for no answer."""
        data = None if body is None else json.dumps(body).encode()
        text = self.raw(method, path, data, content_type=content_type, accept=accept, query=query)
        try:
            content = json.loads(text)
        except ValueError:
            content = None
        if not isinstance(content, dict):
            raise CommandError(
                f"{self.server} is no Kubernetes API server: it answers {method} {path} with "
                f"{text[:40].decode(errors='replace').split() or 'nothing'}."
            )
        return content

    def raw(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        *,
        content_type: str = _JSON,
        accept: str = _JSON,
        query: Mapping[str, str] | None = None,
    ) -> bytes:
        """The answer as it comes. Raises ApiFailure for a refusal, CommandError for no answer."""
        response, text = self._answered(method, path, body, content_type, accept, query or {})
        if response.status == 401 and self._wire.forget():
            self.close()
            response, text = self._answered(method, path, body, content_type, accept, query or {})
        for _ in range(_MOST_MOVES):
            if response.status not in _MOVED or method != "GET":
                break
            path = self._wire.moved(path, response.headers.get("Location") or "")
            response, text = self._answered(method, path, body, content_type, accept, {})
        if response.status >= 300:
            raise self._refusal(response.status, text)
        self.warnings(response)
        return text

    @contextlib.contextmanager
    def stream(
        self,
        path: str,
        *,
        accept: str = _JSON,
        seconds: float | None = None,
        query: Mapping[str, str] | None = None,
    ) -> Iterator[http.client.HTTPResponse]:
        """An answer to read as it comes (watch, logs); ``seconds`` bounds each silent wait.

        Raises Unreachable where the connection is lost on the way.
        """
        response = self._send("GET", path, None, "", accept, query or {}, seconds, packed=False)
        try:
            for _ in range(_MOST_MOVES):
                if response.status not in _MOVED:
                    break
                response.read()
                path = self._wire.moved(path, response.headers.get("Location") or "")
                response = self._send("GET", path, None, "", accept, {}, seconds, packed=False)
            if response.status >= 300:
                raise self._refusal(response.status, response.read())
            self.warnings(response)
            yield response
        except (http.client.IncompleteRead, ConnectionResetError, TimeoutError) as error:
            raise Unreachable(self._wire.failure(error), prefix="") from None
        finally:
            self.close()

    @contextlib.contextmanager
    def upload(
        self, path: str, blocks: Iterable[bytes], content_type: str, *, seconds: float
    ) -> Iterator[http.client.HTTPResponse]:
        """POST a body that is made while it is sent, and read the answer as it comes.

        ``seconds`` bound each silent wait. The connection is one of its own.
        """
        wire = self._wire
        headers = [("Content-Type", content_type), ("User-Agent", "mk8s"), *wire.identity()]
        try:
            with contextlib.closing(wire.open(seconds)) as connection:
                with contextlib.suppress(BrokenPipeError):
                    # who refuses a body does not read it to its end, and says why
                    exchanges.send_in_blocks(connection, wire.base + path, headers, blocks)
                response = connection.getresponse()
                if response.status >= 400:
                    raise self._refusal(response.status, response.read())
                yield response
        except (OSError, http.client.HTTPException) as error:
            raise Unreachable(wire.failure(error), prefix="") from None

    async def websocket(
        self, path: str, query: Sequence[tuple[str, str]], protocol: str
    ) -> WebSocket:
        """A WebSocket on a connection of its own. Raises ApiFailure, CommandError."""
        from minikube8s.cli.connection.websocket import WebSocket

        target = f"{self._wire.base}{path}?{urlencode(query)}"
        answer = await WebSocket.connect(self._wire, target, protocol)
        if isinstance(answer, WebSocket):
            return answer
        raise self._refusal(*answer)

    def warnings(self, response: http.client.HTTPResponse) -> None:
        """Print the answer's Warning headers as kubectl does, each once."""
        for header in response.headers.get_all("Warning") or []:
            text = header.partition('"')[2].rpartition('"')[0]
            if text not in self._wire.warned:
                self._wire.warned.add(text)
                word = styles.paint("yellow", "Warning:", sys.stderr)
                click.echo(f"{word} {harmless(text)}", err=True)

    def close(self) -> None:
        """Close the kept connection."""
        if self._kept is not None:
            self._kept.close()
            self._kept = None

    def _answered(
        self,
        method: str,
        path: str,
        body: bytes | None,
        content_type: str,
        accept: str,
        query: Mapping[str, str],
    ) -> tuple[http.client.HTTPResponse, bytes]:
        seconds = self._wire.access.seconds or TIMEOUT_SECONDS
        response = self._send(method, path, body, content_type, accept, query, seconds)
        try:
            text = response.read()
        except (http.client.HTTPException, OSError) as error:
            self.close()
            raise Unreachable(self._wire.failure(error), prefix="") from None
        if response.headers.get("Content-Encoding") == "gzip":
            import zlib

            try:
                text = zlib.decompress(text, wbits=16 + zlib.MAX_WBITS)
            except zlib.error as error:
                raise Unreachable(self._wire.failure(error), prefix="") from None
        if self._wire.access.verbosity >= _BODIES:
            from minikube8s.cli.connection import tracing

            tracing.tell_body(text, self._wire.access.verbosity)
        return response, text

    def _send(
        self,
        method: str,
        path: str,
        body: bytes | None,
        content_type: str,
        accept: str,
        query: Mapping[str, str],
        seconds: float | None,
        *,
        packed: bool = True,
    ) -> http.client.HTTPResponse:
        wire = self._wire
        target = wire.base + path + (f"?{urlencode(query)}" if query else "")
        for fresh in (self._kept is None, True):
            try:
                if method == "POST" and self._kept is not None and exchanges.ended(self._kept):
                    self.close()
                connection = self._connection(seconds)
                headers = [("Accept", accept), ("User-Agent", "mk8s"), *wire.identity()]
                if packed and not wire.near and wire.access.compressed:
                    headers.append(("Accept-Encoding", "gzip"))
                if body is not None:
                    headers += [("Content-Type", content_type), ("Content-Length", str(len(body)))]
                if wire.access.verbosity < _REQUESTS:
                    return exchanges.exchange(connection, method, target, headers, body)
                return self._told(connection, method, target, headers, body)
            except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError) as error:
                # a kept connection may have been closed by a server that restarted; but what was
                # posted may have been made all the same, and would be made twice
                self.close()
                if fresh or (method == "POST" and not isinstance(error, BrokenPipeError)):
                    raise Unreachable(wire.failure(error), prefix="") from None
            except (OSError, http.client.HTTPException) as error:
                self.close()
                raise Unreachable(wire.failure(error), prefix="") from None
        raise AssertionError("unreachable")

    def _told(
        self,
        connection: http.client.HTTPConnection,
        method: str,
        target: str,
        headers: list[tuple[str, str]],
        body: bytes | None,
    ) -> http.client.HTTPResponse:
        """The same exchange, told on standard error (`-v`)."""
        from minikube8s.cli.connection import tracing

        with tracing.Exchange(self._wire, method, target, headers, body) as exchange:
            exchange.response = exchanges.exchange(connection, method, target, headers, body)
        return exchange.response

    def _connection(self, seconds: float | None) -> http.client.HTTPConnection:
        if self._kept is None or self._kept.sock is None:
            self._kept = self._wire.open(self._wire.access.seconds or TIMEOUT_SECONDS)
        self._kept.sock.settimeout(seconds)
        return self._kept

    def _refusal(self, code: int, body: bytes) -> ApiFailure:
        return ApiFailure(status_of(code, body), self._wire.unknown() if code == 401 else "")
