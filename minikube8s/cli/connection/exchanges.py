"""One HTTP request on an open connection, its headers as they are: none is added or merged."""

from __future__ import annotations

import http.client
import select
from collections.abc import Iterable, Sequence

from minikube8s.cli.errors import CommandError


def exchange(
    connection: http.client.HTTPConnection,
    method: str,
    target: str,
    headers: Sequence[tuple[str, str]],
    body: bytes | None,
) -> http.client.HTTPResponse:
    """Send a request and return the head of its answer. Raises OSError, HTTPException."""
    _begin(connection, method, target, headers)
    connection.endheaders(body)
    return connection.getresponse()


def ended(connection: http.client.HTTPConnection) -> bool:
    """Whether the server has closed a connection on which nothing is under way."""
    if connection.sock is None:
        return True
    # an answer was read to its end, so that only the end of all can wait to be read
    waiting = select.poll()
    waiting.register(connection.sock, select.POLLIN)
    return bool(waiting.poll(0))


def send_in_blocks(
    connection: http.client.HTTPConnection,
    target: str,
    headers: Sequence[tuple[str, str]],
    blocks: Iterable[bytes],
) -> None:
    """Send a POST whose body is made on the way. Raises OSError, HTTPException."""
    _begin(connection, "POST", target, [*headers, ("Transfer-Encoding", "chunked")])
    connection.endheaders(blocks, encode_chunked=True)


def _begin(
    connection: http.client.HTTPConnection,
    method: str,
    target: str,
    headers: Sequence[tuple[str, str]],
) -> None:
    """Send the head of a request. Raises CommandError for one that HTTP cannot carry."""
    try:
        connection.putrequest(method, target, skip_accept_encoding=True)
        for name, value in headers:
            connection.putheader(name, value.encode())
    except (ValueError, http.client.InvalidURL) as error:
        connection.close()
        raise CommandError(f"such a request cannot be sent: {error}") from None
