"""Which headers go through a proxy, and which are its own. Pure.

Owns what must not be told to the other side: who the client is, and how it proved that.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from minikube8s.server.authn import SOCKET_TOKEN
from minikube8s.server.proxying.names import Place

Pairs = list[tuple[str, str]]

_HOP_BY_HOP = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
_CREDENTIALS = frozenset({"authorization"})
_IDENTITIES = ("impersonate-", "x-remote-")
_FRAMING = frozenset({"content-length", "expect"})
"""What is settled anew on each side."""
_CROSS_ORIGIN = frozenset(
    {
        "access-control-allow-credentials",
        "access-control-allow-headers",
        "access-control-allow-methods",
        "access-control-allow-origin",
    }
)
"""What a service may not decide for the API server's origin."""


class Client(NamedTuple):
    """The request's side of what is told to the other one."""

    address: str
    host: str
    upgrade: str
    """The protocol that the client wants to switch to, "" for none."""


def forwarded(given: Iterable[tuple[str, str]], client: Client, place: Place) -> Pairs:
    """Return the headers for the other side, but for those that frame the body."""
    given = list(given)
    dropped = _HOP_BY_HOP | _CREDENTIALS | _FRAMING | _named_by_connection(given)
    kept: Pairs = []
    before = ""
    for name, value in given:
        lower = name.lower()
        if lower == "x-forwarded-for":
            before += f"{value}, "
        elif lower == "sec-websocket-protocol":
            kept += [(name, rest)] if (rest := _without_token(value)) else []
        elif not (lower in dropped or lower.startswith((*_IDENTITIES, "x-forwarded-"))):
            kept.append((name, value))
    kept += [
        ("X-Forwarded-For", before + client.address),
        ("X-Forwarded-Host", client.host),
        ("X-Forwarded-Proto", "https"),
        ("X-Forwarded-Uri", place.prefix + (place.path or "/")),
    ]
    if client.upgrade:
        kept += [("Connection", "Upgrade"), ("Upgrade", client.upgrade)]
    return kept


def answered(given: Iterable[tuple[str, str]]) -> Pairs:
    """Return the headers for the client."""
    given = list(given)
    dropped = _HOP_BY_HOP | _CROSS_ORIGIN | _named_by_connection(given)
    return [(name, value) for name, value in given if name.lower() not in dropped]


def value_of(headers: Iterable[tuple[str, str]], wanted: str) -> str:
    """Return the first value of a header, "" without one; `wanted` in lower case."""
    return next((value for name, value in headers if name.lower() == wanted), "")


def _named_by_connection(given: Pairs) -> frozenset[str]:
    values = (value for name, value in given if name.lower() == "connection")
    return frozenset(_words(values))


def _words(values: Iterable[str]) -> Iterator[str]:
    for value in values:
        yield from (word.strip().lower() for word in value.split(","))


def _without_token(value: str) -> str:
    protocols = [one.strip() for one in value.split(",")]
    return ", ".join(one for one in protocols if not one.startswith(SOCKET_TOKEN))
