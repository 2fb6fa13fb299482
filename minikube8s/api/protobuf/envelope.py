"""Whole objects on the wire: `k8s\\0`, then a runtime.Unknown that names the kind and holds it."""

from __future__ import annotations

from typing import Any

import msgspec

from minikube8s.api.protobuf import wire
from minikube8s.api.protobuf.codec import decode_message, encode_message
from minikube8s.api.protobuf.messages import META, message, of_kind

MEDIA_TYPE = "application/vnd.kubernetes.protobuf"
MAGIC = b"k8s\x00"

_TYPE_META = "k8s.io.apimachinery.pkg.runtime.TypeMeta"
_NOTHING = memoryview(b"")


class Undecodable(ValueError):
    """A body that is no Kubernetes protobuf, or is of a kind without a message."""


class NotEncodable(ValueError):
    """An object of a kind without a message; answer in JSON."""


def decode(body: bytes) -> dict[str, Any]:
    """The object in a body, as its JSON would have it. Raises Undecodable."""
    if not body.startswith(MAGIC):
        raise Undecodable("the body does not start with the bytes of Kubernetes protobuf")
    try:
        unknown = dict(wire.fields(memoryview(body)[len(MAGIC) :]))
        types, raw = unknown.get(1, _NOTHING), unknown.get(2, _NOTHING)
        if isinstance(types, int) or isinstance(raw, int):
            raise wire.Malformed("expected messages in the envelope")
        named = decode_message(message(_TYPE_META), types)
        api_version, kind = named.get("apiVersion", ""), named.get("kind", "")
        found = of_kind(api_version, kind)
        if found is None:
            raise Undecodable(
                f'there is no protobuf message for kind "{kind}" in version "{api_version}"; '
                "send it as JSON"
            )
        return {"apiVersion": api_version, "kind": kind, **decode_message(found, raw)}
    except (wire.Malformed, msgspec.DecodeError, OverflowError, RecursionError) as error:
        raise Undecodable(f"the body is not valid protobuf: {error}") from None


def encodable(api_version: str, kind: str) -> bool:
    """Whether objects of this kind have a protobuf form."""
    return of_kind(api_version, kind) is not None


def encode(obj: dict[str, Any]) -> bytes:
    """The body for an object with apiVersion and kind. Raises NotEncodable."""
    api_version, kind = obj.get("apiVersion", ""), obj.get("kind", "")
    found = of_kind(api_version, kind)
    if found is None:
        raise NotEncodable(f'kind "{kind}" in version "{api_version}" has no protobuf form')
    try:
        raw = encode_message(found, obj)
    except ValueError as error:
        raise NotEncodable(f'{kind} in version "{api_version}": {error}') from error
    types = wire.field(1, api_version.encode()) + wire.field(2, kind.encode())
    # The two empty fields are contentEncoding and contentType, which Go always writes.
    tail = wire.field(3, b"") + wire.field(4, b"")
    return MAGIC + wire.field(1, types) + wire.field(2, raw) + tail


def encode_watch_event(event: str, obj: dict[str, Any]) -> bytes:
    """One event of a watch: a bare meta/v1 WatchEvent around the encoded object.

    The transport puts the length, four bytes big-endian, before it. Raises NotEncodable.
    """
    fields = {field.name: field.number for field in message(f"{META}.WatchEvent").fields}
    raw_extension = wire.field(1, encode(obj))
    return wire.field(fields["type"], event.encode()) + wire.field(fields["object"], raw_extension)
