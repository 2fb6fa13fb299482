"""The key that a cluster signs its tokens with: reading it, signing, checking signatures.

The one user of pyjwt, which is loaded with the first token, because a cluster without tokens should
not pay its memory.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from minikube8s.api import errors

ALGORITHMS = ("ES256", "RS256")


class InvalidToken(Exception):
    """The token is not valid; the message says why."""


class Signer(NamedTuple):
    """A private key, EC P-256 or RSA. `jwk` is its public half, for anybody who checks tokens."""

    algorithm: str
    private: Any
    public: Any
    jwk: dict[str, Any]

    @classmethod
    def load(cls, path: Path) -> Signer:
        """Read a key in PEM. Raises OSError, ApiError."""
        import jwt  # noqa: PLC0415

        pem = path.read_bytes()
        for name in ALGORITHMS:
            algorithm = jwt.get_algorithm_by_name(name)
            try:
                private = algorithm.prepare_key(pem)
            except jwt.InvalidKeyError:
                continue
            public = private.public_key()
            jwk = algorithm.to_jwk(public, as_dict=True)
            jwk.pop("key_ops", None)
            jwk |= {"use": "sig", "alg": name, "kid": _thumbprint(jwk)}
            return cls(name, private, public, jwk)
        raise errors.internal(f"{path} holds no private key for {' or '.join(ALGORITHMS)}")

    def sign(self, claims: dict[str, Any]) -> str:
        """Return a token that says so."""
        import jwt  # noqa: PLC0415

        headers = {"kid": self.jwk["kid"]}
        return jwt.encode(claims, self.private, algorithm=self.algorithm, headers=headers)

    def claims(self, token: str, issuers: Sequence[str]) -> dict[str, Any]:
        """Return what a token says that this key has signed for one of the issuers.

        Its times and audiences are not looked at. Raises InvalidToken.
        """
        import jwt  # noqa: PLC0415

        options: Any = {"verify_aud": False, "verify_exp": False, "verify_nbf": False}
        try:
            said: dict[str, Any] = jwt.decode(
                token,
                self.public,
                algorithms=[self.algorithm],
                issuer=issuers,
                options=options | {"verify_iat": False},
            )
        except (jwt.InvalidTokenError, ValueError) as error:
            raise unreadable(error) from error
        return said


def unreadable(error: Exception) -> InvalidToken:
    """Return what is raised for a token that cannot be understood."""
    return InvalidToken(f"invalid bearer token: {error}")


def _thumbprint(jwk: dict[str, Any]) -> str:
    """Return the key's name, made of the key itself (RFC 7638)."""
    members = {key: jwk[key] for key in sorted(jwk) if key in {"crv", "kty", "x", "y", "e", "n"}}
    digest = hashlib.sha256(msgspec.json.encode(members)).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
