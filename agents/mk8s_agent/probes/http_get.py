"""GET as the kubelet asks: certificates are not looked at, redirects within a host are followed.

Owns the request, and the words for what goes wrong. Bounds: HEAD_LIMIT of headers, BODY_LIMIT of
the body is read, REDIRECTS.
"""

from __future__ import annotations

import asyncio
import ssl
from functools import cache
from typing import NamedTuple
from urllib.parse import SplitResult, quote, urljoin, urlsplit

import msgspec

from minikube8s.api.views import Container, HTTPGetAction
from mk8s_agent.httpanswers import HeadTooLong, NotHttp, Response, read_head
from mk8s_agent.probes.connecting import Unreachable, connect, joined, port_of
from mk8s_agent.probes.values import Finding, ProbeError

HEAD_LIMIT = 64 * 1024
BODY_LIMIT = 10 * 1024
REDIRECTS = 10
AGENT = "kube-probe/1.36"
_INTERIM_ANSWERS = 5
_FOLLOWED = (301, 302, 303, 307, 308)
_PLAIN = "%/:?#[]@!$&'()*+,;=~-._"
"""What may stand in a path beside letters and digits."""
_TROUBLE = (
    Unreachable,
    OSError,
    NotHttp,
    HeadTooLong,
    asyncio.IncompleteReadError,
    asyncio.LimitOverrunError,
)


class HttpRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A GET that can be sent. `headers` are those beside Host and Connection."""

    url: str
    host_header: str = ""
    headers: tuple[tuple[str, str], ...] = ()


class Answer(NamedTuple):
    """The last answer, and how its body begins."""

    status: int
    body: bytes


class HttpFailure(Exception):
    """No answer came; `str()` is what Go's client says of it."""


def request_for(action: HTTPGetAction, container: Container, host: str, agent: str) -> HttpRequest:
    """The request that an action means; `agent` is who asks. Raises ProbeError."""
    address = joined(action.host or host, port_of(action.port, container))
    path = quote(action.path, safe=_PLAIN)
    named = {header.name.lower(): header.value for header in action.http_headers}
    headers = [
        (header.name, header.value)
        for header in action.http_headers
        if header.name.lower() != "host" and header.value
    ]
    if "user-agent" not in named:
        headers.append(("User-Agent", agent))
    if "accept" not in named:
        headers.append(("Accept", "*/*"))
    return HttpRequest(
        url=f"{(action.scheme or 'HTTP').lower()}://{address}/{path.removeprefix('/')}",
        host_header=named.get("host", ""),
        headers=tuple(headers),
    )


async def judge(request: HttpRequest, seconds: int) -> Finding:
    """Send it, and tell what the answer says. Raises ProbeError when the answer breaks off."""
    try:
        answer = await fetch(request, seconds)
    except HttpFailure as failure:
        return Finding(False, str(failure))
    if 200 <= answer.status < 300:
        return Finding(True)
    if 300 <= answer.status < 400:
        body = answer.body.decode(errors="replace")
        return Finding(True, f"Probe terminated redirects, Response body: {body}", warning=True)
    return Finding(False, f"HTTP probe failed with statuscode: {answer.status}")


async def fetch(request: HttpRequest, seconds: int) -> Answer:
    """The answer to a GET, within `seconds`. Raises HttpFailure; ProbeError in the body."""
    deadline = asyncio.get_running_loop().time() + seconds
    host = urlsplit(request.url).hostname
    for _ in range(REDIRECTS):
        answer, location = await _exchange(request, deadline)
        if answer.status not in _FOLLOWED or not location:
            return answer
        target = _target(request.url, location)
        if target.hostname != host:
            return answer
        if target.scheme not in ("http", "https"):
            raise _failure(location, f'unsupported protocol scheme "{target.scheme}"')
        # The name that was asked for goes along unless the answer gives another one.
        name = "" if urlsplit(location).netloc else request.host_header
        request = msgspec.structs.replace(request, url=target.geturl(), host_header=name)
    raise _failure(request.url, f"stopped after {REDIRECTS} redirects")


def _target(url: str, location: str) -> SplitResult:
    """Where an answer sends to. Raises HttpFailure."""
    try:
        target = urlsplit(quote(urljoin(url, location), safe=_PLAIN))
        if target.port == 0:
            raise ValueError("port 0")
    except ValueError as error:
        raise _failure(url, f'failed to parse Location header "{location}": {error}') from error
    return target


async def _exchange(request: HttpRequest, deadline: float) -> tuple[Answer, str]:
    """One question and its answer, with the place that it sends to."""
    url = urlsplit(request.url)
    content = _encoded(request, url)
    tls = _unverified() if url.scheme == "https" else None
    writer: asyncio.StreamWriter | None = None
    try:
        async with asyncio.timeout_at(deadline):
            port = url.port or (443 if tls else 80)
            reader, writer = await connect(url.hostname or "", port, HEAD_LIMIT, tls)
            writer.write(content)
            head = await _final_head(reader)
        body = await _start_of_body(head, deadline)
        return Answer(head.status, body), head.headers.get("location", "")
    except _TROUBLE as error:
        raise _failure(request.url, _words(error, writer)) from error
    finally:
        if writer is not None and tls:
            # Nobody waits for the other side to wind up TLS.
            writer.transport.abort()
        elif writer is not None:
            writer.close()


async def _final_head(reader: asyncio.StreamReader) -> Response:
    """The head of the answer itself, after those that only announce it."""
    for _ in range(_INTERIM_ANSWERS):
        response = await read_head(reader, HEAD_LIMIT)
        if response.status == 101 or response.status >= 200:
            return response
    raise NotHttp(b"HTTP/1.1 too many 1xx informational responses")


async def _start_of_body(head: Response, deadline: float) -> bytes:
    """The body, as far as anybody reads it. Raises ProbeError."""
    start = b""
    try:
        async with asyncio.timeout_at(deadline):
            async for block in head.blocks():
                start += block
                if len(start) >= BODY_LIMIT:
                    break
    except TimeoutError:
        why = (
            "context deadline exceeded (Client.Timeout or context cancellation while reading body)"
        )
        raise ProbeError(why, "failure") from None
    except (OSError, asyncio.IncompleteReadError) as error:
        raise ProbeError("unexpected EOF", "failure") from error
    except (ValueError, asyncio.LimitOverrunError) as error:
        raise ProbeError(f"invalid body: {error}", "failure") from error
    return start[:BODY_LIMIT]


def _encoded(request: HttpRequest, url: SplitResult) -> bytes:
    if any(mark in request.host_header for mark in "\r\n\0"):
        raise _failure(request.url, "http: invalid Host header")
    lines = [
        f"GET {url.path or '/'}{'?' + url.query if url.query else ''} HTTP/1.1",
        f"Host: {request.host_header or url.netloc}",
    ]
    for name, value in request.headers:
        if any(mark in value for mark in "\r\n\0"):
            raise _failure(request.url, f'net/http: invalid header field value for "{name}"')
        lines.append(f"{name}: {value}")
    return ("\r\n".join([*lines, "Connection: close"]) + "\r\n\r\n").encode()


def _failure(url: str, why: str) -> HttpFailure:
    return HttpFailure(f'Get "{url}": {why}')


def _words(error: BaseException, writer: asyncio.StreamWriter | None) -> str:
    """What Go's client says of it."""
    said = f"net/http: server response headers exceeded {HEAD_LIMIT} bytes; aborted"
    match error:
        case TimeoutError():
            said = "context deadline exceeded (Client.Timeout exceeded while awaiting headers)"
        case Unreachable():
            said = str(error)
        case ssl.SSLError(reason="WRONG_VERSION_NUMBER" | "HTTP_REQUEST" | "RECORD_LAYER_FAILURE"):
            said = "http: server gave HTTP response to HTTPS client"
        case ssl.SSLError():
            said = f"tls: {(error.reason or str(error)).replace('_', ' ').lower()}"
        case asyncio.IncompleteReadError():
            said = "unexpected EOF" if error.partial else "EOF"
        case NotHttp():
            line = error.line[:100].decode("latin-1")
            broken = "net/http: HTTP/1.x transport connection broken"
            said = f'{broken}: malformed HTTP response "{line}"'
        case OSError():
            ends = f"{_end(writer, 'sockname')}->{_end(writer, 'peername')}"
            said = f"read tcp {ends}: read: {(error.strerror or str(error)).lower()}"
    return said


def _end(writer: asyncio.StreamWriter | None, which: str) -> str:
    name = writer.get_extra_info(which) if writer is not None else None
    return joined(name[0], name[1]) if name else ""


@cache
def _unverified() -> ssl.SSLContext:
    """TLS with whoever answers: pods sign their certificates themselves."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
