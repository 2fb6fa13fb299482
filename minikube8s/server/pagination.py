"""Lists in pages: continue tokens, and the snapshots that make later pages consistent. Pure.

A first page remembers the entries that the rest of the list consists of. They are shared with the
cache and immutable, so a snapshot costs one reference an object. Only the `SNAPSHOTS` latest are
kept, for `LIFETIME` seconds; a token that outlives its snapshot gets 410 Expired with a new token,
with which the client may go on inconsistently, as in Kubernetes.
"""

from __future__ import annotations

import base64
import binascii
from bisect import bisect_right
from collections import OrderedDict
from typing import Any, NamedTuple

import msgspec

from minikube8s.api import errors
from minikube8s.store.entry import Entry

SNAPSHOTS = 16
LIFETIME = 300.0

_VERSION = "meta.k8s.io/v1"
_INCONSISTENT = -1


class Token(NamedTuple):
    """Where the next page starts: after `start` (a storage key) of the list at `revision`."""

    revision: int
    start: str

    def encode(self) -> str:
        """Return the opaque text that clients send back."""
        body = {"v": _VERSION, "rv": self.revision, "start": self.start}
        return base64.urlsafe_b64encode(msgspec.json.encode(body)).decode().rstrip("=")

    @property
    def inconsistent(self) -> bool:
        """Whether the page may come from the current list, whatever it is by now."""
        return self.revision == _INCONSISTENT


class _TokenBody(msgspec.Struct):
    v: str
    rv: int
    start: str


def decode(text: str) -> Token:
    """Read a continue parameter. Raises ApiError BadRequest."""
    try:
        padded = text + "=" * (-len(text) % 4)
        body = msgspec.json.decode(base64.urlsafe_b64decode(padded), type=_TokenBody)
    except (binascii.Error, msgspec.DecodeError, ValueError) as error:
        raise errors.bad_request(f"continue key is not valid: {error}") from error
    if body.v != _VERSION or not body.start:
        raise errors.bad_request(
            f'continue key is not valid: server does not recognize this encoded version "{body.v}"'
        )
    return Token(body.rv, body.start)


class Page(NamedTuple):
    """A piece of a list; `token` is empty on the last one."""

    entries: list[Entry]
    token: str
    remaining: int


class Snapshots:
    """The rests of lists that clients are reading page by page."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, int], tuple[float, list[Entry]]] = OrderedDict()

    def keep(self, prefix: str, revision: int, entries: list[Entry], now: float) -> None:
        """Remember the list of `prefix` at `revision`; `now` in seconds of any steady clock."""
        self._drop_old(now)
        if (prefix, revision) not in self._kept:
            self._kept[prefix, revision] = (now, entries)
        while len(self._kept) > SNAPSHOTS:
            self._kept.popitem(last=False)

    def find(self, prefix: str, revision: int, now: float) -> list[Entry] | None:
        """Return the whole list of `prefix` at `revision`, None when it is no longer kept."""
        self._drop_old(now)
        kept = self._kept.get((prefix, revision))
        return kept[1] if kept is not None else None

    def _drop_old(self, now: float) -> None:
        while self._kept:
            since, _ = next(iter(self._kept.values()))
            if now - since < LIFETIME:
                return
            self._kept.popitem(last=False)


class ExpiredToken(errors.ApiError):
    """410 Expired for a token; its Status carries one for going on inconsistently."""

    def __init__(self, token: Token) -> None:
        super().__init__(
            410,
            "Expired",
            "The provided continue parameter is too old to display a consistent list result. You "
            "can start a new list without the continue parameter, or use the continue token in "
            "this response to retrieve the remainder of the results. Continuing with the provided "
            "token results in an inconsistent list - objects that were created, modified, or "
            "deleted between the time the first chunk was returned and now may show up in the "
            "list.",
        )
        self.token = Token(_INCONSISTENT, token.start).encode()

    def status(self) -> dict[str, Any]:
        """Return the Status, with the token where clients look for it."""
        return super().status() | {"metadata": {"continue": self.token}}


def cut(entries: list[Entry], start: str, limit: int, revision: int) -> Page:
    """Return the page of at most `limit` (0: all) entries, sorted by key, after `start`."""
    first = bisect_right(entries, start, key=lambda entry: entry.key) if start else 0
    if not limit or len(entries) - first <= limit:
        return Page(entries[first:], "", 0)
    page = entries[first : first + limit]
    return Page(page, Token(revision, page[-1].key).encode(), len(entries) - first - limit)
