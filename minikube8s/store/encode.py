"""The one encoding of an object: canonical JSON with a hole for the revision.

Owns the byte form that is stored, listed and watched. Equal objects give equal bytes:
apiVersion, kind and metadata come first, every other key is sorted, and resourceVersion is the
last member of metadata, so the store can fill it in without decoding anything.
"""

from __future__ import annotations

from typing import Any

import msgspec

from minikube8s.store.interface import Blob

_encode = msgspec.json.Encoder(order="sorted").encode
_FIRST = frozenset(("apiVersion", "kind", "metadata"))


def blob(obj: dict[str, Any]) -> Blob:
    """Encode `obj`; its own metadata.resourceVersion is left out, `obj` is not changed."""
    metadata = {k: v for k, v in obj.get("metadata", {}).items() if k != "resourceVersion"}
    rest = {k: v for k, v in obj.items() if k not in _FIRST}
    members = _encode(metadata)[:-1] + (b"," if metadata else b"")
    head = b'{"apiVersion":%s,"kind":%s,"metadata":%s"resourceVersion":"' % (
        _encode(obj.get("apiVersion", "")),
        _encode(obj.get("kind", "")),
        members,
    )
    return Blob(head, b'"},' + _encode(rest)[1:] if rest else b'"}}')


def unrevised(obj: dict[str, Any]) -> bytes:
    """Encode an `obj` that is not stored and so has no revision."""
    metadata = {k: v for k, v in obj["metadata"].items() if k != "resourceVersion"}
    return _encode({**obj, "metadata": metadata})


def decode(value: bytes) -> dict[str, Any]:
    """Return the object that `value` encodes."""
    obj: dict[str, Any] = msgspec.json.decode(value)
    return obj
