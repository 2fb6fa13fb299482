"""What the name in a proxy path says: `[SCHEME:]NAME[:PORT]`, and the path behind it. Pure."""

from __future__ import annotations

from typing import NamedTuple

from minikube8s.api import errors
from minikube8s.api.errors import ApiError
from minikube8s.api.quoting import quote

SEGMENT = "proxy"
_SCHEMES = frozenset({"", "http", "https"})


class Named(NamedTuple):
    """A name with its scheme ("http" or "https") and its port, "" for none given."""

    scheme: str
    name: str
    port: str


class Place(NamedTuple):
    """The path and query that the other side is asked for, and what stood before them here."""

    prefix: str
    path: str
    query: str

    @property
    def target(self) -> str:
        """What a request line holds."""
        return f"{self.path or '/'}?{self.query}" if self.query else self.path or "/"


def split(kind: str, text: str) -> Named:
    """Read a name. Raises ApiError BadRequest in the words that Kubernetes has for `kind`."""
    scheme, name, port = "", text, ""
    match text.split(":"):
        case [name]:
            pass
        case [name, port]:
            pass
        case [scheme, name, port]:
            pass
        case _:
            name = ""
    if not name or scheme not in _SCHEMES:
        raise invalid(kind, text)
    return Named(scheme or "http", name, port)


def number(kind: str, text: str, port: str) -> int:
    """Read the port of a name. Raises ApiError BadRequest."""
    if port.isascii() and port.isdigit() and len(port) <= 5 and 0 < int(port) < 1 << 16:
        return int(port)
    raise invalid(kind, text)


def invalid(kind: str, text: str) -> ApiError:
    """Return the refusal of a name that means nothing."""
    return errors.bad_request(f"invalid {kind} request {quote(text)}")


def place(raw: str, *, namespaced: bool) -> Place | None:
    """Take an undecoded path and query apart behind `proxy`; None where that is not in its place.

    What stands behind goes on as it came, with its escapes.
    """
    path, _, query = raw.partition("?")
    parts = path.lstrip("/").split("/")
    # api v1 namespaces NS services NAME proxy …; api v1 nodes NAME proxy …
    end = 7 if namespaced else 5
    if len(parts) < end or parts[end - 1] != SEGMENT:
        return None
    rest = parts[end:]
    return Place("/" + "/".join(parts[:end]), "/" + "/".join(rest) if rest else "", query)
