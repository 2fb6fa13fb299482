"""How probes ask: real sockets, with servers that behave and servers that do not."""

from __future__ import annotations

import asyncio
import re
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from mk8s_agent.probes.connecting import judge_connection
from mk8s_agent.probes.grpc_health import judge_health
from mk8s_agent.probes.http_get import AGENT, BODY_LIMIT, judge, request_for
from mk8s_agent.probes.values import Finding, ProbeError

from minikube8s.api.views import (
    Container,
    ContainerPort,
    GRPCAction,
    HTTPGetAction,
    HTTPHeader,
    TCPSocketAction,
)
from minikube8s.cluster.authority.certificates import Authority

LOCAL = "127.0.0.1"
APP = Container(name="app", ports=(ContainerPort(container_port=8080, name="web"),))
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def serving(serve: Serve, **options: Any) -> AsyncIterator[int]:
    """A server; the port it listens on."""

    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await serve(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(client, LOCAL, 0, **options)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


def saying(answer: bytes, asked: list[bytes] | None = None) -> Serve:
    """Reads a request and says this."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.readuntil(b"\r\n\r\n")
        if asked is not None:
            asked.append(request)
        writer.write(answer)
        await writer.drain()

    return serve


async def get(port: int, seconds: int = 5, **fields: Any) -> Finding:
    action = HTTPGetAction(port=port, **fields)
    return await judge(request_for(action, APP, LOCAL, AGENT), seconds)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", Finding(True)),
        (b"HTTP/1.0 204 No Content\r\n\r\n", Finding(True)),
        (b"HTTP/1.1 200 OK\n\nmade by a shell script", Finding(True)),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
            Finding(True),
        ),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", Finding(True)),
        (
            b"HTTP/1.1 500 Oh\r\nContent-Length: 6\r\n\r\nsecret",
            Finding(False, "HTTP probe failed with statuscode: 500"),
        ),
        (b"HTTP/1.1 404 No\r\n\r\n", Finding(False, "HTTP probe failed with statuscode: 404")),
        (
            b"HTTP/1.1 302 Go\r\nLocation: http://elsewhere.test/\r\n\r\nmoved",
            Finding(True, "Probe terminated redirects, Response body: moved", warning=True),
        ),
        (
            b"HTTP/1.1 304 Not Modified\r\n\r\n",
            Finding(True, "Probe terminated redirects, Response body: ", warning=True),
        ),
    ],
)
async def test_what_an_answer_means(answer: bytes, expected: Finding) -> None:
    async with serving(saying(answer)) as port:
        assert await get(port) == expected


async def test_a_request_names_who_asks_and_what_its_probe_gives() -> None:
    asked: list[bytes] = []
    async with serving(saying(b"HTTP/1.1 200 OK\r\n\r\n", asked)) as port:
        headers = (HTTPHeader(name="X-One", value="1"), HTTPHeader(name="X-One", value="2"))
        await get(port, path="/a b?c=d", http_headers=headers)
        named = (
            HTTPHeader(name="Host", value="shop.test"),
            HTTPHeader(name="user-agent", value="me"),
            HTTPHeader(name="Accept", value=""),
        )
        await get(port, path="relative", http_headers=named)
    first, second = (request.decode().split("\r\n") for request in asked)
    assert first[:-2] == [
        "GET /a%20b?c=d HTTP/1.1",
        f"Host: {LOCAL}:{port}",
        "X-One: 1",
        "X-One: 2",
        "User-Agent: kube-probe/1.36",
        "Accept: */*",
        "Connection: close",
    ]
    assert second[:-2] == [
        "GET /relative HTTP/1.1",
        "Host: shop.test",
        "user-agent: me",
        "Connection: close",
    ]


async def test_redirects_are_followed_within_the_host_and_at_most_ten_times() -> None:
    hops = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal hops
        request = await reader.readuntil(b"\r\n\r\n")
        hops += 1
        if b"/there" in request:
            writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        else:
            writer.write(b"HTTP/1.1 301 Go\r\nLocation: /" + request.split()[1][1:5] + b"\r\n\r\n")

    async with serving(serve) as port:
        assert await get(port, path="/there") == Finding(True)
        hops = 0
        lost = await get(port, path="/loop")
        assert hops == 10
        assert lost == Finding(
            False, f'Get "http://{LOCAL}:{port}/loop": stopped after 10 redirects'
        )

    async def send_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(f"HTTP/1.1 307 Go\r\nLocation: http://{LOCAL}:{end}/x\r\n\r\n".encode())

    async with serving(saying(b"HTTP/1.1 503 No\r\n\r\n")) as end, serving(send_on) as port:
        assert (await get(port)).message == "HTTP probe failed with statuscode: 503"


@pytest.mark.parametrize(
    ("location", "said"),
    [
        ("http://[bad/", 'failed to parse Location header "http://[bad/": '),
        ("http://127.0.0.1:99999/", 'failed to parse Location header "http://127.0.0.1:99999/": '),
        ("ftp://127.0.0.1/", 'unsupported protocol scheme "ftp"'),
    ],
)
async def test_a_redirect_to_nowhere_fails(location: str, said: str) -> None:
    answer = f"HTTP/1.1 302 Go\r\nLocation: {location}\r\n\r\n".encode()
    async with serving(saying(answer)) as port:
        finding = await get(port)
    assert not finding.passed
    assert said in finding.message


async def test_where_an_answer_sends_to_is_written_as_a_path() -> None:
    asked: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        first = len(asked) == 1
        writer.write(b"HTTP/1.1 302 Go\r\nLocation: /a b\xe9\r\n\r\n" if first else b"")

    async with serving(serve) as port:
        await get(port)
    assert asked[1].startswith(b"GET /a%20b%C3%A9 HTTP/1.1\r\nHost: ")


async def test_a_name_that_nobody_has_fails() -> None:
    for name in ("no-such-host.invalid", "x" * 70 + ".test"):
        action = TCPSocketAction(port=80, host=name)
        finding = await judge_connection(action, APP, LOCAL, 10)
        assert finding == Finding(False, f"dial tcp: lookup {name}: no such host")


async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()


async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(10)
    sock = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def endless_head(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        writer.write(b"X-More: " + b"x" * 1000 + b"\r\n")
        await writer.drain()


async def endless_line(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"x" * 10_000)
        await writer.drain()


@pytest.mark.parametrize(
    ("serve", "said"),
    [
        (hang, "context deadline exceeded (Client.Timeout exceeded while awaiting headers)"),
        (reset, r"read tcp 127.0.0.1:\d+->127.0.0.1:\d+: read: connection reset by peer"),
        (saying(b""), "EOF"),
        (saying(b"HTTP/1.1 200"), "unexpected EOF"),
        (
            saying(b"SSH-2.0-OpenSSH\r\n"),
            "net/http: HTTP/1.x transport connection broken: malformed HTTP response "
            '"SSH-2.0-OpenSSH"',
        ),
        (endless_head, "net/http: server response headers exceeded 65536 bytes; aborted"),
        (endless_line, "net/http: server response headers exceeded 65536 bytes; aborted"),
    ],
    ids=["hangs", "resets", "says nothing", "breaks off", "is no HTTP", "endless head", "a line"],
)
async def test_a_server_that_does_not_answer_fails_in_gos_words(serve: Serve, said: str) -> None:
    async with serving(serve) as port:
        finding = await get(port, seconds=1, path="/x")
    pattern = said if r"\d" in said else re.escape(said)
    assert not finding.passed
    assert re.fullmatch(f'Get "http://127.0.0.1:{port}/x": {pattern}', finding.message)


async def test_nobody_listens() -> None:
    with socket.socket() as taken:
        taken.bind((LOCAL, 0))
        port = taken.getsockname()[1]
        refused = f"dial tcp {LOCAL}:{port}: connect: connection refused"
        assert (await get(port)).message == f'Get "http://{LOCAL}:{port}/": {refused}'
        action = TCPSocketAction(port=port)
        assert await judge_connection(action, APP, LOCAL, 1) == Finding(False, refused)


async def test_of_a_huge_body_the_beginning_is_read() -> None:
    read: list[int] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 300 Many\r\n\r\n")
        sent = 0
        try:
            while True:
                writer.write(b"y" * 65536)
                await writer.drain()
                sent += 65536
        finally:
            read.append(sent)

    async with serving(serve) as port:
        finding = await get(port)
        assert finding.passed
        assert finding.message.count("y") == BODY_LIMIT + "body".count("y")


@pytest.mark.parametrize(
    ("rest", "said"),
    [
        (b"Content-Length: 5\r\n\r\nab", "unexpected EOF"),
        (b"Content-Length: -5\r\n\r\nab", "invalid body: it says that -5 bytes follow"),
        (b"Transfer-Encoding: chunked\r\n\r\n-5\r\n", "invalid body: it says that -5 bytes follow"),
    ],
)
async def test_a_body_that_breaks_off_is_no_result(rest: bytes, said: str) -> None:
    async with serving(saying(b"HTTP/1.1 200 OK\r\n" + rest)) as port:
        with pytest.raises(ProbeError) as error:
            await get(port)
    assert (str(error.value), error.value.state) == (said, "failure")


async def test_a_body_that_does_not_end_in_time_is_no_result() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab")
        await reader.read()

    async with serving(serve) as port:
        with pytest.raises(ProbeError, match=r"Client.Timeout .* while reading body"):
            await get(port, seconds=1)


async def test_https_takes_any_certificate(tmp_path: Path) -> None:
    import ssl

    Authority(tmp_path).server("pod", ["pod.test"])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "pod.crt", tmp_path / "pod.key")
    async with serving(saying(b"HTTP/1.1 200 OK\r\n\r\n"), ssl=context) as port:
        assert await get(port, scheme="HTTPS") == Finding(True)

    async def no_tls(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    async with serving(no_tls) as port:
        plain = await get(port, scheme="HTTPS", seconds=2)
        assert plain.message == (
            f'Get "https://{LOCAL}:{port}/": http: server gave HTTP response to HTTPS client'
        )


@pytest.mark.parametrize(
    ("name", "said"),
    [("X", 'invalid header field value for "X"'), ("Host", "http: invalid Host header")],
)
async def test_a_header_cannot_carry_another_one(name: str, said: str) -> None:
    evil = (HTTPHeader(name=name, value="1\r\nY: 2"),)
    assert said in (await get(1, http_headers=evil)).message


async def test_a_connection_that_is_accepted_is_enough_and_ends_in_order() -> None:
    seen: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.set_result(await reader.read())

    async with serving(serve) as port:
        assert await judge_connection(TCPSocketAction(port=port), APP, LOCAL, 1) == Finding(True)
        assert await seen == b""


async def test_a_connection_that_nobody_answers_times_out() -> None:
    with socket.socket() as busy:
        busy.bind((LOCAL, 0))
        busy.listen(0)
        port = busy.getsockname()[1]
        with socket.create_connection((LOCAL, port)):
            finding = await judge_connection(TCPSocketAction(port=port), APP, LOCAL, 1)
    assert finding == Finding(False, f"dial tcp {LOCAL}:{port}: i/o timeout")


@pytest.mark.parametrize(
    ("port", "why"),
    [
        ("nope", 'strconv.Atoi: parsing "nope": invalid syntax'),
        (70000, "invalid port number: 70000"),
        ("0", "invalid port number: 0"),
    ],
)
async def test_a_port_that_is_none(port: int | str, why: str) -> None:
    with pytest.raises(ProbeError, match=re.escape(why)):
        request_for(HTTPGetAction(port=port), APP, LOCAL, AGENT)
    with pytest.raises(ProbeError, match=re.escape(why)):
        await judge_connection(TCPSocketAction(port=port), APP, LOCAL, 1)


def test_a_port_may_be_named() -> None:
    for port in ("web", "8080", 8080):
        request = request_for(HTTPGetAction(port=port, host="fd00::1"), APP, LOCAL, AGENT)
        assert request.url == "http://[fd00::1]:8080/"


# ---- gRPC


@asynccontextmanager
async def health_server(answer: Callable[[bytes], Awaitable[bytes]]) -> AsyncIterator[int]:
    import grpc

    async def check(request: bytes, _: Any) -> bytes:
        return await answer(request)

    handler = grpc.method_handlers_generic_handler(
        "grpc.health.v1.Health", {"Check": grpc.unary_unary_rpc_method_handler(check)}
    )
    server = grpc.aio.server()
    server.add_generic_rpc_handlers((handler,))
    port = server.add_insecure_port(f"{LOCAL}:0")
    await server.start()
    try:
        yield port
    finally:
        await server.stop(None)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (b"\x08\x01", Finding(True)),
        (b"\x08\x02", Finding(False, 'service unhealthy (responded with "NOT_SERVING")')),
        (b"", Finding(False, 'service unhealthy (responded with "UNKNOWN")')),
        (b"\x12\x01x\x08\x01", Finding(True)),
        (b"\x08", Finding(False, "error: health rpc probe failed: no such message: b'\\x08'")),
    ],
)
async def test_grpc_health_is_what_the_service_says(status: bytes, expected: Finding) -> None:
    asked: list[bytes] = []

    async def answer(request: bytes) -> bytes:
        asked.append(request)
        return status

    async with health_server(answer) as port:
        assert await judge_health(GRPCAction(port=port, service="x" * 200), LOCAL, 5) == expected
        await judge_health(GRPCAction(port=port), LOCAL, 5)
    assert asked == [b"\x0a\xc8\x01" + b"x" * 200, b""]


async def test_grpc_servers_that_do_not_answer_fail_in_the_kubelets_words() -> None:
    import grpc

    async def slow(_: bytes) -> bytes:
        await asyncio.sleep(60)
        return b""

    async with health_server(slow) as port:
        late = await judge_health(GRPCAction(port=port), LOCAL, 1)
        assert late == Finding(False, "timeout: health rpc did not complete within 1s")
    other = grpc.aio.server()
    port = other.add_insecure_port(f"{LOCAL}:0")
    await other.start()
    lacking = await judge_health(GRPCAction(port=port), LOCAL, 5)
    assert lacking.message.startswith(
        "error: this server does not implement the grpc health protocol (grpc.health.v1.Health): "
    )
    await other.stop(None)
    async with serving(hang) as port:
        deaf = await judge_health(GRPCAction(port=port), LOCAL, 1)
        assert deaf == Finding(
            False,
            f'timeout: failed to connect service "{LOCAL}:{port}" within 1s: '
            "context deadline exceeded",
        )
