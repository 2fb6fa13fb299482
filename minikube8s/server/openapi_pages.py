"""The OpenAPI documents over HTTP: which one, in which encoding, compressed or not.

Imported when one is first asked for: the schemas with all their descriptions are large.
"""

from __future__ import annotations

import asyncio

from aiohttp import web

from minikube8s.api import errors
from minikube8s.api.openapi import PUBLISHED, V2_PROTOBUF, V2_PROTOBUF_ASKED, Document
from minikube8s.server import negotiation

_JSON_ASKED = frozenset({negotiation.JSON, "application/*", "*/*"})


async def page(request: web.BaseRequest, rest: list[str]) -> web.Response | None:
    """Answer for the path below /openapi, None where there is nothing."""
    match rest:
        case ["v2"]:
            return await _v2(request)
        case ["v3"]:
            return _sent(request, await asyncio.to_thread(PUBLISHED.v3_index), negotiation.JSON)
        case ["v3", *path]:
            try:
                document = await asyncio.to_thread(PUBLISHED.v3_document, "/".join(path))
            except LookupError:
                return None
            return _sent(request, document, negotiation.JSON)
    return None


async def _v2(request: web.BaseRequest) -> web.Response:
    for entry in negotiation.accepted(request.headers.get("Accept", "")):
        if entry.name in V2_PROTOBUF_ASKED:
            return _sent(request, await asyncio.to_thread(PUBLISHED.v2_protobuf), V2_PROTOBUF)
        if entry.name in _JSON_ASKED:
            document = await asyncio.to_thread(PUBLISHED.v2_document)
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
