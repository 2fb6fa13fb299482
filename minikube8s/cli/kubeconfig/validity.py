"""Until when certificates (PEM) and tokens (JWT) are valid. Pure; verifies nothing."""

from __future__ import annotations

import base64
import datetime
import json

_SEQUENCE, _UTC_TIME, _GENERALIZED_TIME, _VERSION = 0x30, 0x17, 0x18, 0xA0
_BEGIN, _END = b"-----BEGIN CERTIFICATE-----", b"-----END CERTIFICATE-----"


def validity(pem: bytes) -> tuple[datetime.datetime, datetime.datetime] | None:
    """First and last moment (UTC) of the first certificate in `pem`; None for anything else."""
    _, begin, rest = pem.partition(_BEGIN)
    body, end, _ = rest.partition(_END)
    if not begin or not end:
        return None
    try:
        return of_der(base64.b64decode(body))
    except (ValueError, IndexError):
        return None


def token_end(token: str) -> datetime.datetime | None:
    """The last moment (UTC) of a token that says one of itself; None for any other."""
    try:
        body = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
        return datetime.datetime.fromtimestamp(claims["exp"], datetime.UTC)
    except (ValueError, IndexError, KeyError, TypeError, OverflowError, OSError):
        return None


def of_der(der: bytes) -> tuple[datetime.datetime, datetime.datetime]:
    """The same of a certificate in DER. Raises ValueError, IndexError for anything else."""
    certificate = _inside(der, _SEQUENCE)
    rest = _inside(certificate, _SEQUENCE)
    if rest[0] == _VERSION:
        rest = _after(rest)
    for _ in ("serial number", "signature's algorithm", "issuer"):
        rest = _after(rest)
    dates = _inside(rest, _SEQUENCE)
    return _time(dates), _time(_after(dates))


def _cut(data: bytes) -> tuple[int, int, int]:
    """The tag of the first element, and where its content starts and ends."""
    tag, length, start = data[0], data[1], 2
    if length & 0x80:
        start += length & 0x7F
        length = int.from_bytes(data[2:start], "big")
    return tag, start, start + length


def _inside(data: bytes, wanted: int) -> bytes:
    tag, start, end = _cut(data)
    if tag != wanted:
        raise ValueError(f"expected the tag {wanted:#x}, not {tag:#x}")
    return data[start:end]


def _after(data: bytes) -> bytes:
    return data[_cut(data)[2] :]


def _time(data: bytes) -> datetime.datetime:
    tag, start, end = _cut(data)
    text = data[start:end].decode("ascii")
    if tag == _UTC_TIME:
        text = ("19" if text >= "50" else "20") + text
    elif tag != _GENERALIZED_TIME:
        raise ValueError(f"no time has the tag {tag:#x}")
    return datetime.datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=datetime.UTC)
