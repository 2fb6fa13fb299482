"""What `mk8s proxy` lets through, and where that goes. Pure.

The rules are kubectl's: without them any page in a browser of this machine could use the cluster.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import unquote

from minikube8s.cli.errors import CommandError

ACCEPT_HOSTS = r"^localhost$,^127\.0\.0\.1$,^\[::1\]$"
ACCEPT_PATHS = "^.*"
REJECT_PATHS = "^/api/.*/pods/.*/exec,^/api/.*/pods/.*/attach"
REJECT_METHODS = "^$"
_VERSION = re.compile(r"HTTP/1\.\d")
_BREAKS = re.compile(r"[\0\r\n]")
"""What some servers take for the end of a line: more would follow it than the rules have seen."""
_HOP_BY_HOP = {"connection", "host", "keep-alive", "proxy-connection", "authorization"}


class Request(NamedTuple):
    """The head of a request: header names are in lower case."""

    method: str
    target: str
    headers: list[tuple[str, str]]

    @property
    def upgrades(self) -> bool:
        """Whether the connection is to speak something else from here on."""
        return "upgrade" in self.header("connection").lower()

    def header(self, name: str) -> str:
        """The value of a header, "" when there is none."""
        return next((value for key, value in self.headers if key == name), "")


class Rules:
    """Which requests pass. Raises CommandError for an expression that is none."""

    def __init__(
        self,
        *,
        hosts: str = ACCEPT_HOSTS,
        paths: str = ACCEPT_PATHS,
        refused_paths: str = REJECT_PATHS,
        refused_methods: str = REJECT_METHODS,
        every: bool = False,
    ) -> None:
        self._hosts = _compiled(hosts)
        self._paths = _compiled(paths)
        self._refused_paths = _compiled(refused_paths)
        self._refused_methods = _compiled(refused_methods)
        self._every = every

    def pass_on(self, request: Request) -> bool:
        """Whether a request may pass."""
        if self._every:
            return True
        path = clean(request.target)
        return (
            not _any(self._refused_paths, path)
            and not _any(self._refused_methods, request.method)
            and _any(self._hosts, _host(request.header("host")))
            and _any(self._paths, path)
        )


def parse(head: bytes) -> Request:
    """The head of a request, to its empty line. Raises ValueError for what is none."""
    first, *lines = head.decode("latin-1").rstrip("\r\n").split("\r\n")
    method, target, version = first.split(" ")
    if not _VERSION.fullmatch(version) or not target.startswith("/") or _BREAKS.search(target):
        raise ValueError("this is no request")
    headers = []
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not name or name != name.strip():
            raise ValueError("a header has no name")
        if _BREAKS.search(line):
            raise ValueError("a header is more than one")
        headers.append((name.lower(), value.strip()))
    return Request(method, target, headers)


def clean(target: str) -> str:
    """The path of a target as a server understands it: decoded, without `.` and `..`."""
    path = unquote(target.partition("?")[0].partition("#")[0])
    return posixpath.normpath(f"/{path.lstrip('/')}") if path else "/"


def below(target: str, prefix: str) -> str | None:
    """The target without the prefix of the API; None where it is not below it."""
    prefix = f"/{prefix.strip('/')}".rstrip("/")
    if not prefix:
        return target
    path, mark, query = target.partition("?")
    if path != prefix and not path.startswith(f"{prefix}/"):
        return None
    return (path[len(prefix) :] or "/") + mark + query


def passed_on(request: Request, target: str, host: str, known: Sequence[tuple[str, str]]) -> bytes:
    """The head that the server gets: one request a connection, and who we are in it."""
    names = {name.lower() for name, _ in known}
    kept = [
        (name, value)
        for name, value in request.headers
        if name not in _HOP_BY_HOP and name not in names and not name.startswith("impersonate-")
    ]
    every = [
        ("host", host),
        *kept,
        *known,
        ("connection", "Upgrade" if request.upgrades else "close"),
    ]
    lines = [f"{request.method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in every)]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def answer(code: int, reason: str, body: bytes, kind: str = "text/plain; charset=utf-8") -> bytes:
    """An answer of our own."""
    head = (
        f"HTTP/1.1 {code} {reason}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
        "X-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + body


def _compiled(text: str) -> list[re.Pattern[str]]:
    try:
        return [re.compile(part) for part in text.split(",")]
    except re.error as error:
        raise CommandError(f"{text!r} is no regular expression: {error}") from None


def _any(patterns: Sequence[re.Pattern[str]], text: str) -> bool:
    return any(pattern.search(text) for pattern in patterns)


def _host(text: str) -> str:
    """A Host header without its port."""
    return re.sub(r":\d+$", "", text)
