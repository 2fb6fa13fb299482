"""Bootstrap tokens, with which machines that nobody knows yet ask for a certificate. Pure.

A token is `id.secret` and lies in a Secret of kube-system. Source:
https://kubernetes.io/docs/reference/access-authn-authz/bootstrap-tokens/
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from minikube8s.api.times import now_rfc3339, parse_time

Object = dict[str, Any]

NAMESPACE = "kube-system"
TYPE = "bootstrap.kubernetes.io/token"
SECRET_PREFIX = "bootstrap-token-"
USER_PREFIX = "system:bootstrap:"
GROUP = "system:bootstrappers"
NODES_GROUP = "system:bootstrappers:kubeadm:default-node-token"
"""The group of those that come to be nodes; named as kubeadm names it."""
PUBLIC_NAMESPACE = "kube-public"
CLUSTER_INFO = "cluster-info"
"""The ConfigMap in kube-public that tells where the API is and whom to trust there."""
CONFIG = "mk8s-config"
"""The ConfigMap in kube-system that tells joining machines what their agents must know."""

_TOKEN = re.compile(r"([a-z0-9]{6})\.([a-z0-9]{16})")
_GROUP = re.compile(r"system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]")


class Token(NamedTuple):
    """What a Secret says of its token; no `expiration` means that it stays valid."""

    id: str
    secret: str
    expiration: datetime | None
    authenticates: bool
    signs: bool
    groups: tuple[str, ...]
    description: str

    @property
    def text(self) -> str:
        """The token as its bearer sends it."""
        return f"{self.id}.{self.secret}"

    def expired(self, now: datetime) -> bool:
        """Whether its time is over."""
        return self.expiration is not None and self.expiration <= now


def parse(text: str) -> tuple[str, str] | None:
    """Return id and secret of a token, None for what is none."""
    match = _TOKEN.fullmatch(text)
    return (match[1], match[2]) if match else None


def read(secret: Mapping[str, Any]) -> Token | None:
    """Return the token in a Secret; None for another Secret, or a damaged one.

    A Secret whose groups are not a bootstrapper's is damaged; so is one whose expiration cannot be
    read, which `expiration` tells apart.
    """
    if secret.get("type") != TYPE:
        return None
    data = secret.get("data") or {}
    id_, key = _text(data, "token-id"), _text(data, "token-secret")
    groups = [one.strip() for one in _text(data, "auth-extra-groups").split(",") if one.strip()]
    if parse(f"{id_}.{key}") is None or secret["metadata"]["name"] != f"{SECRET_PREFIX}{id_}":
        return None
    if not all(map(_GROUP.fullmatch, groups)):
        return None
    try:
        until = expiration(secret)
    except ValueError:
        return None
    return Token(
        id_,
        key,
        until,
        _text(data, "usage-bootstrap-authentication") == "true",
        _text(data, "usage-bootstrap-signing") == "true",
        (GROUP, *groups),
        _text(data, "description"),
    )


def expiration(secret: Mapping[str, Any]) -> datetime | None:
    """Return when the Secret's token ends, None for never. Raises ValueError when unreadable."""
    text = _text(secret.get("data") or {}, "expiration")
    return parse_time(text) if text else None


def make(id_: str, secret: str, until: datetime | None, description: str = "") -> Object:
    """Return the Secret of a new token with which nodes join."""
    data = {
        "token-id": id_,
        "token-secret": secret,
        "usage-bootstrap-authentication": "true",
        "usage-bootstrap-signing": "true",
        "auth-extra-groups": NODES_GROUP,
    }
    if until is not None:
        data["expiration"] = now_rfc3339(until)
    if description:
        data["description"] = description
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": f"{SECRET_PREFIX}{id_}", "namespace": NAMESPACE},
        "type": TYPE,
        "data": {key: base64.b64encode(value.encode()).decode() for key, value in data.items()},
    }


def _text(data: Mapping[str, str], key: str) -> str:
    try:
        return base64.b64decode(data.get(key) or "").decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""
