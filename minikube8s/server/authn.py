"""Who is asking: the client's certificate, or nobody. Pure.

Owns the mapping from a verified peer certificate to a user. An authenticator that needs more than
the certificate (a bearer token) takes its place in `identify`, before the anonymous user.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

ANONYMOUS = "system:anonymous"
AUTHENTICATED = "system:authenticated"
UNAUTHENTICATED = "system:unauthenticated"
MASTERS = "system:masters"


@dataclass(frozen=True, slots=True)
class User:
    """A name and the groups that it belongs to."""

    name: str
    groups: tuple[str, ...] = ()

    @property
    def anonymous(self) -> bool:
        """Whether nobody proved who they are."""
        return self.name == ANONYMOUS


NOBODY = User(ANONYMOUS, (UNAUTHENTICATED,))


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
