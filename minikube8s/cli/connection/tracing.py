"""What goes over the wire, told on standard error: `-v 6` requests, 7 headers, 8 and 9 bodies."""

from __future__ import annotations

import http.client
import sys
import time
from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Self

import click

from minikube8s.cli.output.escapes import harmless

if TYPE_CHECKING:
    from minikube8s.cli.connection.wire import Wire

_HEADERS, _BODIES, _WHOLE = 7, 8, 9
_SHOWN = 1024
_SECRET = ("authorization", "proxy-authorization")


class Exchange:
    """One request and its answer; told when the block ends, however it ends."""

    response: http.client.HTTPResponse

    def __init__(
        self,
        wire: Wire,
        method: str,
        target: str,
        headers: Sequence[tuple[str, str]],
        body: bytes | None,
    ) -> None:
        self._level = wire.access.verbosity
        self._what = f"{method} {wire.scheme}://{wire.host}:{wire.port}{target}"
        self._headers = headers
        self._body = body
        self._begin = 0.0

    def __enter__(self) -> Self:
        if self._level >= _HEADERS:
            tell(
                "Request Headers:",
                *(f"    {name}: {_masked(name, value)}" for name, value in self._headers),
            )
        if self._body is not None and self._level >= _BODIES:
            tell(f"Request Body: {_text(self._body, self._level)}")
        self._begin = time.monotonic()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        took = round((time.monotonic() - self._begin) * 1000)
        if error is not None:
            tell(f"{self._what} failed after {took} milliseconds: {error}")
            return
        answer = self.response
        tell(f"{self._what} {answer.status} {answer.reason} in {took} milliseconds")
        if self._level >= _HEADERS:
            tell(
                "Response Headers:",
                *(f"    {name}: {value}" for name, value in answer.getheaders()),
            )


def tell_body(body: bytes, level: int) -> None:
    """Tell what was answered, its beginning only below `-v 9`."""
    tell(f"Response Body: {_text(body, level)}")


def tell(*lines: str) -> None:
    """Write lines to standard error, with the time before the first."""
    now = time.time()
    stamp = time.strftime("%m%d %H:%M:%S", time.localtime(now)) + f".{int(now % 1 * 1e6):06}"
    sys.stdout.flush()
    click.echo(harmless(f"I{stamp} " + "\n".join(lines)), err=True)


def _text(body: bytes, level: int) -> str:
    text = body.decode(errors="replace")
    if level >= _WHOLE or len(text) <= _SHOWN:
        return text
    return f"{text[:_SHOWN]} [truncated {len(text) - _SHOWN} chars]"


def _masked(name: str, value: str) -> str:
    if name.lower() not in _SECRET:
        return value
    return f"{value.partition(' ')[0]} <masked>"
