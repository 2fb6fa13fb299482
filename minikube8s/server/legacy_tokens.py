"""What a token says that lives in a Secret and does not expire. Pure.

The form is that of Kubernetes before bound tokens; it names the Secret, and ends with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

ISSUER = "kubernetes/serviceaccount"
_PREFIX = "kubernetes.io/serviceaccount/"


def claims(account: Mapping[str, Any], secret: str, subject: str) -> dict[str, str]:
    """Return the claims of an account's token in a Secret."""
    metadata = account["metadata"]
    return {
        "iss": ISSUER,
        f"{_PREFIX}namespace": metadata["namespace"],
        f"{_PREFIX}secret.name": secret,
        f"{_PREFIX}service-account.name": metadata["name"],
        f"{_PREFIX}service-account.uid": metadata["uid"],
        "sub": subject,
    }


def modern(said: Mapping[str, Any], audiences: tuple[str, ...], end: int) -> dict[str, Any]:
    """Return the same as claims of today's form: for these audiences, until `end`."""

    def told(name: str) -> Any:
        return said.get(f"{_PREFIX}{name}")

    return {
        "iss": ISSUER,
        "sub": said.get("sub"),
        "aud": list(audiences),
        "exp": end,
        "iat": 0,
        "nbf": 0,
        "kubernetes.io": {
            "namespace": told("namespace"),
            "serviceaccount": {
                "name": told("service-account.name"),
                "uid": told("service-account.uid"),
            },
            "secret": {"name": told("secret.name")},
        },
    }
