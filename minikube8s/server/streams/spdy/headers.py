"""Header blocks: names and values, compressed with the protocol's dictionary. Pure.

A connection has one compressor and one decompressor for its whole life: blocks must be handled in
the order of the wire.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping

from minikube8s.server.streams.spdy.errors import ProtocolFault

MAX_BLOCK = 64 * 1024
"""Bytes of one block when decompressed; a small block can claim to be a huge one."""

_PLAIN_WORDS = """
    options head post put delete trace accept accept-charset accept-encoding accept-language
    accept-ranges age allow authorization cache-control connection content-base content-encoding
    content-language content-length content-location content-md5 content-range content-type date
    etag expect expires from host if-match if-modified-since if-none-match if-range
    if-unmodified-since last-modified location max-forwards pragma proxy-authenticate
    proxy-authorization range referer retry-after server te trailer transfer-encoding upgrade
    user-agent vary via warning www-authenticate method get status
"""
_WORDS = (
    *_PLAIN_WORDS.split(),
    *("200 OK", "version", "HTTP/1.1", "url", "public", "set-cookie", "keep-alive", "origin"),
)
_TAIL = (
    "100101201202205206300302303304305306307402405406407408409410411412413414415416417502504505"
    "203 Non-Authoritative Information204 No Content301 Moved Permanently400 Bad Request"
    "401 Unauthorized403 Forbidden404 Not Found500 Internal Server Error501 Not Implemented"
    "503 Service UnavailableJan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec 00:00:00"
    " Mon, Tue, Wed, Thu, Fri, Sat, Sun, GMTchunked,text/html,image/png,image/jpg,image/gif,"
    "application/xml,application/xhtml+xml,text/plain,text/javascript,publicprivatemax-age="
    "gzip,deflate,sdchcharset=utf-8charset=iso-8859-1,utf-,*,enq=0."
)
_NUMBER = struct.Struct(">I")


def _counted(text: bytes) -> bytes:
    return _NUMBER.pack(len(text)) + text


DICTIONARY = b"".join(_counted(word.encode()) for word in _WORDS) + _TAIL.encode()
"""The dictionary that SPDY/3 prescribes (draft-mbelshe-httpbis-spdy-00, 2.6.10.1)."""


class HeaderWriter:
    """Compresses the header blocks of one direction."""

    def __init__(self) -> None:
        self._zlib = zlib.compressobj(zdict=DICTIONARY)

    def encode(self, headers: Mapping[str, str]) -> bytes:
        """Return the block of the given headers; names are written in lower case."""
        plain = _NUMBER.pack(len(headers)) + b"".join(
            _counted(name.lower().encode("latin-1")) + _counted(value.encode("latin-1"))
            for name, value in headers.items()
        )
        return self._zlib.compress(plain) + self._zlib.flush(zlib.Z_SYNC_FLUSH)


class HeaderReader:
    """Decompresses the header blocks of one direction."""

    def __init__(self) -> None:
        self._zlib = zlib.decompressobj(zdict=DICTIONARY)

    def decode(self, block: bytes) -> dict[str, str]:
        """Return the headers of a block; several values of one name stay joined by NUL.

        Raises ProtocolFault; the connection cannot be read on after that.
        """
        try:
            plain = self._zlib.decompress(block, MAX_BLOCK + 1)
        except zlib.error as error:
            raise ProtocolFault(f"a header block does not decompress: {error}") from error
        if len(plain) > MAX_BLOCK:
            raise ProtocolFault(f"a header block is longer than {MAX_BLOCK} bytes")
        return _parsed(plain)


def _parsed(plain: bytes) -> dict[str, str]:
    headers: dict[str, str] = {}
    try:
        (count,) = _NUMBER.unpack_from(plain)
        at = _NUMBER.size
        for _ in range(count):
            name, at = _text(plain, at)
            value, at = _text(plain, at)
            if not name or name != name.lower() or name in headers:
                raise ProtocolFault(f"the header name {name!r} is empty, repeated or in capitals")
            headers[name] = value
    except struct.error as error:
        raise ProtocolFault("a header block ends in the middle") from error
    if at != len(plain):
        raise ProtocolFault("a header block has more bytes than headers")
    return headers


def _text(plain: bytes, at: int) -> tuple[str, int]:
    (length,) = _NUMBER.unpack_from(plain, at)
    start = at + _NUMBER.size
    end = start + length
    if end > len(plain):
        raise ProtocolFault("a header block ends in the middle")
    return plain[start:end].decode("latin-1"), end
