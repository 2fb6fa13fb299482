"""What every view is, and how bytes become one."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

_INITIALISMS = {
    "api": "API",
    "cidr": "CIDR",
    "cidrs": "CIDRs",
    "fqdn": "FQDN",
    "id": "ID",
    "ip": "IP",
    "ipc": "IPC",
    "ips": "IPs",
    "pid": "PID",
    "uuid": "UUID",
}


def _json_name(attribute: str) -> str:
    """Return Kubernetes' name of a snake_case attribute: `pod_ip` is `podIP`, `ip` stays `ip`."""
    first, *rest = attribute.split("_")
    return first + "".join(_INITIALISMS.get(word, word.capitalize()) for word in rest)


class View(msgspec.Struct, frozen=True, kw_only=True, gc=False, rename=_json_name):
    """Base of all views. Holds plain data without cycles, so the garbage collector skips it."""


Quantities = dict[str, str | int | float]
"""Resource amounts by resource name, e.g. `{"cpu": "500m", "memory": "64Mi"}`."""

V = TypeVar("V")


_decoders: dict[type[Any], msgspec.json.Decoder[Any]] = {}
"""One decoder a view, made at its first use: building one costs as much as many decodings."""


def decode(kind: type[V], data: bytes) -> V:
    """Return the view of an object's JSON bytes.

    Raises msgspec.ValidationError when a field has another JSON type than Kubernetes gives it;
    stored objects passed the schema, so that means the bytes are not a stored object's.
    """
    decoder = _decoders.get(kind)
    if decoder is None:
        decoder = _decoders[kind] = msgspec.json.Decoder(kind)
    view: V = decoder.decode(data)
    return view


def from_dict(kind: type[V], obj: Any) -> V:
    """Return the view of an object that is already a JSON dict. Raises as `decode` does."""
    return msgspec.convert(obj, kind)
