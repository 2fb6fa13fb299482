"""Bytes into HTTP answers: status codes, headers, compression, indentation."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
from collections.abc import Iterable
from typing import Any

import msgspec
from aiohttp import web
from multidict import CIMultiDict

from minikube8s.api.errors import ApiError
from minikube8s.server import negotiation, query
from minikube8s.server.call import Call
from minikube8s.server.documents import Encoding

COMPRESS_FROM = 128 * 1024
"""Answers from this size on are compressed for clients that accept it, as in Kubernetes."""
MAX_WARNINGS = 20
WARNING_LENGTH = 300

_PRETTY_AGENTS = ("curl", "Wget", "Mozilla/5.0")


def body(
    request: web.BaseRequest,
    data: bytes,
    *,
    code: int = 200,
    content_type: str = negotiation.JSON,
    warnings: Iterable[str] = (),
) -> web.Response:
    """Return an answer of the given bytes."""
    headers: CIMultiDict[str] = CIMultiDict(
        {"Content-Type": content_type, "Cache-Control": "no-cache, private"}
    )
    for text in _bounded(warnings):
        headers.add("Warning", warning(text))
    return web.Response(body=data, status=code, headers=headers)


async def compress(request: web.BaseRequest, response: web.StreamResponse) -> None:
    """Compress a large answer for a client that accepts it, beside the event loop."""
    if not isinstance(response, web.Response) or "Content-Encoding" in response.headers:
        return
    data = response.body
    if not isinstance(data, bytes) or len(data) < COMPRESS_FROM:
        return
    if "gzip" not in request.headers.get("Accept-Encoding", ""):
        return
    response.body = await asyncio.to_thread(gzip.compress, data, 1, mtime=0)
    response.headers["Content-Encoding"] = "gzip"
    response.headers["Vary"] = "Accept-Encoding"


def rendered(call: Call, data: bytes, code: int = 200) -> web.Response:
    """Return what the renderer made in the encoding and layout that the client wants."""
    encoding = call.answer().encoding
    if encoding == "yaml":
        data = yaml(data)
    elif encoding == "json" and wants_pretty(call.request):
        data = _indented(data)
    return made(call, data, code)


def made(call: Call, data: bytes, code: int = 200) -> web.Response:
    """Return bytes that are in the encoding of the answer already."""
    content_type = negotiation.content_type(call.answer().encoding)
    return body(call.request, data, code=code, content_type=content_type, warnings=call.warnings)


def stated(call: Call, value: dict[str, Any], code: int = 200) -> web.Response:
    """Return an object that is not stored, a Scale or a Status, in the encoding of the answer."""
    encoding = call.answer().encoding
    return document(call.request, value, code=code, encoding=encoding, warnings=call.warnings)


def document(
    request: web.BaseRequest,
    value: Any,
    *,
    code: int = 200,
    encoding: Encoding = "json",
    content_type: str = "",
    warnings: Iterable[str] = (),
) -> web.Response:
    """Return a value; one in protobuf has to be an object of a kind with such a form.

    `content_type` is for what has another name than its encoding.
    """
    data = encoded(value, encoding)
    if encoding == "json" and wants_pretty(request):
        data = _indented(data)
    return body(
        request,
        data,
        code=code,
        content_type=content_type or negotiation.content_type(encoding),
        warnings=warnings,
    )


def encoded(value: Any, encoding: Encoding) -> bytes:
    """Return a value's bytes."""
    match encoding:
        case "yaml":
            return yaml(msgspec.json.encode(value))
        case "protobuf":
            # As in `Call.renderer`: few clients speak it.
            from minikube8s.api import protobuf  # noqa: PLC0415

            return protobuf.encode(value)
    return msgspec.json.encode(value)


def yaml(data: bytes) -> bytes:
    """Return the YAML of JSON text."""
    # Asked for by hand only; the module is not loaded otherwise.
    from minikube8s.server import yaml_documents  # noqa: PLC0415

    return yaml_documents.dump(msgspec.json.decode(data))


def _indented(data: bytes) -> bytes:
    return msgspec.json.format(data, indent=2) + b"\n"


def tagged(
    request: web.BaseRequest, data: bytes, content_type: str = negotiation.JSON
) -> web.Response:
    """Return bytes that clients may keep, with an ETag, or 304 when they have them already."""
    etag = f'"{hashlib.sha256(data).hexdigest().upper()}"'
    if request.headers.get("If-None-Match") == etag:
        return web.Response(status=304, headers={"ETag": etag, "Vary": "Accept"})
    response = body(request, data, content_type=content_type)
    response.headers["ETag"] = etag
    response.headers["Vary"] = "Accept, Accept-Encoding"
    return response


def failure(
    request: web.BaseRequest, error: ApiError, warnings: Iterable[str] = ()
) -> web.Response:
    """Return an error as its Status object, in an encoding that the client reads."""
    encoding = negotiation.plain_encoding(request.headers.get("Accept", ""))
    response = document(
        request, error.status(), code=error.code, encoding=encoding, warnings=warnings
    )
    seconds = (error.details or {}).get("retryAfterSeconds")
    if seconds:
        response.headers["Retry-After"] = str(seconds)
    return response


def wants_pretty(request: web.BaseRequest) -> bool:
    """Whether to indent: asked for by parameter, or a human with curl or a browser looks on."""
    if "pretty" in request.query:
        return query.flag(request.query, "pretty")
    return request.headers.get("User-Agent", "").startswith(_PRETTY_AGENTS)


def warning(text: str) -> str:
    """Return a sentence as the value of a Warning header."""
    words = " ".join(text.split())
    line = "".join(char if char.isprintable() else "?" for char in words)
    if len(line) > WARNING_LENGTH:
        line = line[:WARNING_LENGTH] + "…"
    line = line.replace("\\", "\\\\").replace('"', '\\"')
    return f'299 - "{line}"'


def _bounded(warnings: Iterable[str]) -> list[str]:
    """Return the warnings once each, and not more of them than headers should hold."""
    texts = list(dict.fromkeys(warnings))
    if len(texts) <= MAX_WARNINGS:
        return texts
    return [*texts[:MAX_WARNINGS], f"{len(texts) - MAX_WARNINGS} more warnings are left out"]


def success(call: Call, details: dict[str, Any]) -> dict[str, Any]:
    """Return the Status of something that was done to a named object."""
    named: dict[str, Any] = {"name": details.get("name", call.name)}
    if call.resource.group:
        named["group"] = call.resource.group
    named["kind"] = call.resource.plural
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Success",
        "details": named | details,
    }
