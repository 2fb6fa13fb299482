"""HTML on its way to a client: read whole, where it is not too long, and its links rewritten."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncIterator

from minikube8s.server.proxying.links import Links

MAX_PAGE = 1024 * 1024
"""Bytes of a page whose links are rewritten; longer ones go through as they are."""
_SHORT = 32 * 1024
_WINDOWS = {"gzip": 16 + zlib.MAX_WBITS, "deflate": -zlib.MAX_WBITS}
"""Of the encodings that are undone and done again."""


def is_page(content_type: str, encoding: str) -> bool:
    """Whether an answer is HTML that can be read here."""
    return content_type.partition(";")[0].strip().lower() == "text/html" and (
        encoding.lower() in {"", "identity", *_WINDOWS}
    )


async def rewritten(
    body: AsyncIterator[bytes], encoding: str, links: Links
) -> AsyncIterator[bytes]:
    """Yield a page with its links rewritten, or as it is where it is too long."""
    read = bytearray()
    async for piece in body:
        read += piece
        if len(read) > MAX_PAGE:
            yield bytes(read)
            break
    else:
        # Pages that take long to read must not hold up the other requests.
        work = (bytes(read), encoding.lower(), links)
        yield _page(*work) if len(read) < _SHORT else await asyncio.to_thread(_page, *work)
        return
    async for piece in body:
        yield piece


def _page(data: bytes, encoding: str, links: Links) -> bytes:
    window = _WINDOWS.get(encoding)
    if window is None:
        return _text(data, links)
    reader = zlib.decompressobj(window)
    try:
        plain = reader.decompress(data, MAX_PAGE)
    except zlib.error:
        return data
    if not reader.eof:
        return data
    writer = zlib.compressobj(wbits=window)
    return writer.compress(_text(plain, links)) + writer.flush()


def _text(data: bytes, links: Links) -> bytes:
    # Whatever the encoding is: what is not UTF-8 comes out as it went in.
    text = data.decode("utf-8", "surrogateescape")
    return links.rewrite_html(text).encode("utf-8", "surrogateescape")
