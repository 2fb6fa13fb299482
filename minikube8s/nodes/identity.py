"""Who an agent is, by its certificate. Pure: what TLS says in, a node's name out."""

import re
from collections.abc import Mapping, Sequence

ORGANIZATION = "system:nodes"
USER_PREFIX = "system:node:"

_PART = re.compile(r"(?:\\.|[^,+\\])+")
"""One NAME=VALUE of a distinguished name; an escaped comma does not end it."""


class NotANode(Exception):
    """The certificate is not one of a node; the message says what it has to be."""


def node_of(auth_context: Mapping[str, Sequence[bytes]]) -> str:
    """The node that a peer may speak for, of gRPC's authentication context.

    Raises NotANode unless the certificate's common name is "system:node:NAME" and one of its
    organizations is "system:nodes".
    """
    name = _first(auth_context, "x509_common_name")
    organizations = _organizations(_first(auth_context, "x509_subject"))
    node = name.removeprefix(USER_PREFIX)
    if ORGANIZATION not in organizations or not node or node == name:
        raise NotANode(
            f'the certificate of "{name}" is not a node\'s: it needs the common name '
            f'"{USER_PREFIX}NAME" and the organization "{ORGANIZATION}"'
        )
    return node


def _first(auth_context: Mapping[str, Sequence[bytes]], key: str) -> str:
    values = auth_context.get(key) or [b""]
    return values[0].decode("utf-8", "replace")


def _organizations(subject: str) -> set[str]:
    """The O values of a distinguished name as RFC 2253 writes it (escaped characters kept so)."""
    parts = (part.strip() for part in _PART.findall(subject))
    return {part.removeprefix("O=") for part in parts if part.startswith("O=")}
