"""Whole objects on the wire: `k8s\\0`, then a runtime.Unknown that names the kind and holds it.

Owns what is around messages: the envelope, lists put together from encoded items, watch frames.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from minikube8s.api.protobuf import wire
from minikube8s.api.protobuf.decoding import decoder
from minikube8s.api.protobuf.encoding import encoder
from minikube8s.api.protobuf.messages import of_kind

MEDIA_TYPE = "application/vnd.kubernetes.protobuf"
MAGIC = b"k8s\x00"

_TYPE_META = "k8s.io.apimachinery.pkg.runtime.TypeMeta"
# The two empty fields are contentEncoding and contentType, which Go always writes.
_TAIL = wire.field(3, b"") + wire.field(4, b"")


class Undecodable(ValueError):
    """A body that is no Kubernetes protobuf, or is of a kind without a message.

    `api_version` and `kind` are what it says to be, empty when it does not get so far.
    """

    def __init__(self, why: str, api_version: str = "", kind: str = "") -> None:
        super().__init__(why)
        self.api_version = api_version
        self.kind = kind


class NotEncodable(ValueError):
    """An object of a kind without a message, or that its message cannot hold."""


def decode(body: bytes) -> dict[str, Any]:
    """The object in a body, as its JSON would have it. Raises Undecodable."""
    if not body.startswith(MAGIC):
        raise Undecodable("the body does not start with the bytes of Kubernetes protobuf")
    api_version = kind = ""
    try:
        unknown = dict(wire.fields(body[len(MAGIC) :]))
        types, raw = unknown.get(1, b""), unknown.get(2, b"")
        if isinstance(types, int) or isinstance(raw, int):
            raise wire.Malformed("expected messages in the envelope")
        named = decoder(_TYPE_META)(types, 0, len(types), 0)
        api_version, kind = named.get("apiVersion", ""), named.get("kind", "")
        found = of_kind(api_version, kind)
        if found is None:
            why = f'there is no protobuf message for kind "{kind}" in version "{api_version}"'
            raise Undecodable(f"{why}; send it as JSON", api_version, kind)
        fields = decoder(found.name)(raw, 0, len(raw), 0)
    except UnicodeDecodeError:
        raise _invalid("a string is not UTF-8", api_version, kind) from None
    except (wire.Malformed, msgspec.DecodeError, OverflowError, RecursionError) as error:
        raise _invalid(str(error), api_version, kind) from None
    return {"apiVersion": api_version, "kind": kind, **fields}


def _invalid(why: str, api_version: str, kind: str) -> Undecodable:
    return Undecodable(f"the body is not valid protobuf: {why}", api_version, kind)


def encodable(api_version: str, kind: str) -> bool:
    """Whether objects of this kind have a protobuf form."""
    return of_kind(api_version, kind) is not None


def encode(obj: dict[str, Any]) -> bytes:
    """The body for an object with apiVersion and kind. Raises NotEncodable."""
    return enveloped(obj.get("apiVersion", ""), obj.get("kind", ""), encode_bare(obj))


def encode_bare(obj: dict[str, Any]) -> bytes:
    """The message of an object, which does not tell its kind. Raises NotEncodable."""
    api_version, kind = obj.get("apiVersion", ""), obj.get("kind", "")
    found = of_kind(api_version, kind)
    if found is None:
        raise NotEncodable(f'kind "{kind}" in version "{api_version}" has no protobuf form')
    try:
        return encoder(found.name)(obj)
    except ValueError as error:
        raise NotEncodable(f'{kind} in version "{api_version}": {error}') from error


def enveloped(api_version: str, kind: str, bare: bytes) -> bytes:
    """The body for a message."""
    types = wire.field(1, api_version.encode()) + wire.field(2, kind.encode())
    return MAGIC + wire.field(1, types) + wire.field(2, bare) + _TAIL


def encode_list(
    api_version: str, kind: str, metadata: dict[str, Any], items: Iterable[bytes]
) -> bytes:
    """The body for a list of messages; `kind` is the list's. Raises NotEncodable."""
    found = of_kind(api_version, kind)
    if found is None:
        raise NotEncodable(f'kind "{kind}" in version "{api_version}" has no protobuf form')
    number = next(field.number for field in found.fields if field.name == "items")
    head, varint = wire.tag(number, wire.LENGTH_DELIMITED), wire.varint
    pieces = [encoder(found.name)({"metadata": metadata})]
    for item in items:
        pieces += head, varint(len(item)), item
    return enveloped(api_version, kind, b"".join(pieces))


def watch_frame(event: str, body: bytes) -> bytes:
    """One event of a watch: its length in four bytes, then a bare WatchEvent around a body."""
    message = wire.field(1, event.encode()) + wire.field(2, wire.field(1, body))
    return len(message).to_bytes(4) + message
