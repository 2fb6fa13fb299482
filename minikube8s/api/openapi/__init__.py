"""The API's published description: OpenAPI v3 (an index, one document a group version) and v2.

kubectl decides by them whether the server validates fields, how lists merge in `apply`, and what
`explain` prints. Documents are built from the resource table and the published definitions when
first asked for (some 20 ms each), and nothing but their compressed bytes is kept.

The functions here speak for the built-in resources; a `Publisher` does for any table, and hands
out documents compressed and with their hash.
"""

from __future__ import annotations

from minikube8s.api.openapi.documents import V2_PROTOBUF, V2_PROTOBUF_ASKED
from minikube8s.api.openapi.publisher import Document, Publisher

__all__ = [
    "PUBLISHED",
    "V2_PROTOBUF",
    "V2_PROTOBUF_ASKED",
    "Document",
    "Publisher",
    "v2_document",
    "v2_protobuf",
    "v3_document",
    "v3_index",
]

PUBLISHED = Publisher()
"""The documents of the built-in resources."""


def v3_index() -> bytes:
    """The index at /openapi/v3, as JSON; it names the hash of every document."""
    return PUBLISHED.v3_index().plain()


def v3_document(path: str) -> bytes:
    """The document that the index lists as `api/v1` or `apis/GROUP/VERSION`, as JSON.

    Raises LookupError when there is none.
    """
    return PUBLISHED.v3_document(path).plain()


def v2_document() -> bytes:
    """The document of the whole API at /openapi/v2, as JSON."""
    return PUBLISHED.v2_document().plain()


def v2_protobuf() -> bytes:
    """The same document in protobuf, to be sent as `V2_PROTOBUF`."""
    return PUBLISHED.v2_protobuf().plain()
