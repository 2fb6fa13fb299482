"""The OpenAPI documents over HTTP: which one, in which encoding, compressed or not.

Another process builds them all when one is first asked for (`minikube8s.api.openapi.__main__`
tells why); their compressed bytes stay, some hundred kilobytes.
"""

from __future__ import annotations

import asyncio
import logging
import sys

import msgspec
from aiohttp import web

from minikube8s.api import errors
from minikube8s.api.openapi.media import V2_PROTOBUF, V2_PROTOBUF_ASKED, Document
from minikube8s.server import negotiation

log = logging.getLogger(__name__)

BUILD_SECONDS = 60.0
"""The building process takes a fraction of a second; it is ended after this."""

_JSON_ASKED = frozenset({negotiation.JSON, "application/*", "*/*"})


async def page(request: web.BaseRequest, rest: list[str]) -> web.Response | None:
    """Answer for the path below /openapi, None where there is nothing."""
    match rest:
        case ["v2"]:
            return await _v2(request)
        case ["v3"]:
            return _sent(request, (await _DOCUMENTS.all())["v3"], negotiation.JSON)
        case ["v3", *path]:
            if not _takes_json(request):
                raise errors.not_acceptable((negotiation.JSON,))
            document = (await _DOCUMENTS.all()).get("/".join(["v3", *path]))
            return None if document is None else _sent(request, document, negotiation.JSON)
    return None


def _takes_json(request: web.BaseRequest) -> bool:
    ranges = negotiation.accepted(request.headers.get("Accept", ""))
    return any(entry.name in _JSON_ASKED for entry in ranges)


class _Documents:
    """All documents, built once."""

    def __init__(self) -> None:
        self._built: dict[str, Document] = {}
        self._building = asyncio.Lock()

    async def all(self) -> dict[str, Document]:
        """The documents by name. Raises ApiError 500 when they cannot be built."""
        async with self._building:
            if not self._built:
                self._built = await _build()
            return self._built


_DOCUMENTS = _Documents()


async def _build() -> dict[str, Document]:
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "minikube8s.api.openapi", stdout=pipe, stderr=pipe
    )
    try:
        async with asyncio.timeout(BUILD_SECONDS):
            made, complaint = await process.communicate()
    except TimeoutError:
        process.kill()
        made, complaint = b"", b"it took too long"
    if process.returncode != 0:
        lines = complaint.decode(errors="replace").strip().splitlines() or ["it did not say why"]
        log.error("the OpenAPI documents cannot be built: %s", lines[-1])
        raise errors.internal(f"the OpenAPI documents cannot be built: {lines[-1]}")
    return msgspec.msgpack.decode(made, type=dict[str, Document])


async def _v2(request: web.BaseRequest) -> web.Response:
    for entry in negotiation.accepted(request.headers.get("Accept", "")):
        if entry.name in V2_PROTOBUF_ASKED:
            return _sent(request, (await _DOCUMENTS.all())["v2 protobuf"], V2_PROTOBUF)
        if entry.name in _JSON_ASKED:
            document = (await _DOCUMENTS.all())["v2"]
            return _sent(request, document, negotiation.JSON)
    raise errors.not_acceptable((negotiation.JSON, V2_PROTOBUF))


def _sent(request: web.BaseRequest, document: Document, content_type: str) -> web.Response:
    etag = f'"{document.etag}"'
    headers = {"ETag": etag, "Vary": "Accept, Accept-Encoding", "Content-Type": content_type}
    # A URL that carries the document's hash never means another document.
    forever = request.query.get("hash") == document.etag
    headers["Cache-Control"] = "public, immutable" if forever else "no-cache, private"
    if request.headers.get("If-None-Match") == etag:
        return web.Response(status=304, headers=headers)
    if "gzip" in request.headers.get("Accept-Encoding", ""):
        headers["Content-Encoding"] = "gzip"
        return web.Response(body=document.gzipped, headers=headers)
    return web.Response(body=document.plain(), headers=headers)
