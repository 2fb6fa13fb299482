"""Who is asking: the client's certificate, a bearer token, or nobody.

Owns the order in which they count, which is Kubernetes': a certificate first, then a token, else
the anonymous user. A token that proves nothing is refused; it does not make its bearer anonymous.
Pure but for the tokens, which somebody else checks.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from aiohttp import web

from minikube8s.api import errors

ANONYMOUS = "system:anonymous"
AUTHENTICATED = "system:authenticated"
UNAUTHENTICATED = "system:unauthenticated"
MASTERS = "system:masters"
SERVICE_ACCOUNTS = "system:serviceaccounts"

SOCKET_TOKEN = "base64url.bearer.authorization.k8s.io."
"""How a browser, which cannot set headers on a WebSocket, sends its token: as a protocol."""


@dataclass(frozen=True, slots=True)
class User:
    """A name, the groups that it belongs to, and what else is known; `extra` sorted by key."""

    name: str
    groups: tuple[str, ...] = ()
    uid: str = ""
    extra: tuple[tuple[str, tuple[str, ...]], ...] = ()

    @property
    def anonymous(self) -> bool:
        """Whether nobody proved who they are."""
        return self.name == ANONYMOUS

    def info(self) -> dict[str, Any]:
        """Return the UserInfo object of reviews."""
        info: dict[str, Any] = {"username": self.name}
        if self.uid:
            info["uid"] = self.uid
        if self.groups:
            info["groups"] = list(self.groups)
        if self.extra:
            info["extra"] = {key: list(values) for key, values in self.extra}
        return info


NOBODY = User(ANONYMOUS, (UNAUTHENTICATED,))


class Tokens(Protocol):
    """What knows tokens."""

    async def user(self, token: str) -> User | None:
        """Return whose token it is, None when it is not valid here and now."""
        ...


def identify(peer_certificate: Mapping[str, Any] | None) -> User:
    """Return the user behind a connection.

    `peer_certificate` is what `ssl.SSLSocket.getpeercert()` returns: a dict of a certificate that
    the TLS layer has verified, empty or None when the client sent none. The common name is the
    user, every organization a group.
    """
    if not peer_certificate:
        return NOBODY
    pairs = [pair for group in peer_certificate.get("subject", ()) for pair in group]
    names = [value for key, value in pairs if key == "commonName"]
    if not names or not names[-1]:
        return NOBODY
    groups = [value for key, value in pairs if key == "organizationName"]
    return User(names[-1], (*groups, AUTHENTICATED))


async def authenticate(request: web.BaseRequest, tokens: Tokens) -> User:
    """Return who sends a request. Raises ApiError Unauthorized for a token that is not valid."""
    transport = request.transport
    certificate = transport.get_extra_info("peercert") if transport is not None else None
    user = identify(certificate)
    if user is not NOBODY:
        return user
    token = bearer_token(request.headers)
    if token is None:
        return NOBODY
    bearer = await tokens.user(token)
    if bearer is None:
        raise errors.unauthorized()
    return bearer


def bearer_token(headers: Mapping[str, str]) -> str | None:
    """Return the token that a request carries, None without one."""
    scheme, _, token = headers.get("Authorization", "").strip().partition(" ")
    if scheme.lower() == "bearer" and token.strip():
        return token.strip()
    for protocol in headers.get("Sec-WebSocket-Protocol", "").split(","):
        if protocol.strip().startswith(SOCKET_TOKEN):
            return _decoded(protocol.strip().removeprefix(SOCKET_TOKEN))
    return None


def _decoded(text: str) -> str:
    """Return the token in an unpadded base64url text; "", which is nobody's, if there is none."""
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
    except (binascii.Error, ValueError):
        return ""
