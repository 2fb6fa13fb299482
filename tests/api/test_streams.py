"""exec and port-forward at the API server itself: both upgrades, by clients made in the test."""

from __future__ import annotations

import asyncio
import base64
import json
import ssl
from collections.abc import Iterator

import pytest

from minikube8s.cli.connection.websocket import WebSocket
from minikube8s.cli.connection.wire import Wire
from minikube8s.cli.kubeconfig.choosing import Access
from minikube8s.server.streams.spdy import session as spdy
from minikube8s.server.streams.spdy.session import Session
from tests.api.apiserver import ApiServer, pod
from tests.support.dialogues import EchoStreams

EXEC = "command=cat&command=-u&stdin=true&stdout=true&stderr=true"
UPGRADE = {"connection": "Upgrade", "upgrade": "SPDY/3.1"}


@pytest.fixture(scope="module")
def echo(api: ApiServer) -> EchoStreams:
    return EchoStreams(api.pod_streams)


@pytest.fixture
def path(api: ApiServer, echo: EchoStreams, namespace: str) -> Iterator[str]:
    """A pod that is bound to a node."""
    body = pod("p")
    body["spec"]["nodeName"] = "node1"
    api.create(f"/api/v1/namespaces/{namespace}/pods", body)
    yield f"/api/v1/namespaces/{namespace}/pods/p"
    assert all(dialogue.closed.wait(10) for dialogue in echo.dialogues)


async def websocket(api: ApiServer, target: str, protocol: str) -> WebSocket:
    access = Access()
    access.server = f"https://127.0.0.1:{api.server.port}"
    access.ca_file = str(api.directory / "ca.crt")
    access.cert_file = str(api.directory / "admin.crt")
    access.key_file = str(api.directory / "admin.key")
    made = await WebSocket.connect(Wire(access), target, protocol)
    assert isinstance(made, WebSocket), made
    return made


class Spdy:
    """A SPDY client over TLS."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.session = Session(client=True)
        self.got: dict[int, bytes] = {}
        self.ended: set[int] = set()

    @staticmethod
    async def connect(api: ApiServer, method: str, target: str, protocol: str) -> Spdy:
        context: ssl.SSLContext = api.tls()
        reader, writer = await asyncio.open_connection("127.0.0.1", api.server.port, ssl=context)
        head = f"{method} {target} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\n"
        head += f"Upgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: {protocol}\r\n\r\n"
        writer.write(head.encode())
        answer = (await reader.readuntil(b"\r\n\r\n")).decode()
        assert answer.startswith("HTTP/1.1 101"), answer
        assert f"X-Stream-Protocol-Version: {protocol}" in answer
        assert "Content-Length" not in answer and "Transfer-Encoding" not in answer
        return Spdy(reader, writer)

    async def flush(self) -> None:
        self.writer.write(self.session.take_output())
        await self.writer.drain()

    async def until(self, *ended: int) -> None:
        """Read until these streams have ended."""
        async with asyncio.timeout(20):
            while not self.ended.issuperset(ended):
                await self.flush()
                data = await self.reader.read(65536)
                assert data, "the server hung up"
                for event in self.session.receive(data):
                    match event:
                        case spdy.Received(stream_id, piece):
                            self.got[stream_id] = self.got.get(stream_id, b"") + piece
                            self.session.consumed(stream_id, len(piece))
                        case spdy.Ended(stream_id):
                            self.ended.add(stream_id)


async def test_a_websocket_carries_input_output_its_end_and_the_exit_code(
    api: ApiServer, echo: EchoStreams, path: str
) -> None:
    socket = await websocket(api, f"{path}/exec?{EXEC}", "v5.channel.k8s.io")
    assert await socket.receive() == b"\x01"
    await socket.send(0, b"hello")
    assert await socket.receive() == b"\x01hello"
    await socket.send(4, b'{"Width":80,"Height":24}')
    assert await socket.receive() == b"\x0280x24"
    await socket.send(255, b"\x00")
    message = await socket.receive()
    assert message is not None and message[0] == 3
    status = json.loads(message[1:])
    assert (status["status"], status["reason"]) == ("Failure", "NonZeroExitCode")
    assert status["details"]["causes"] == [{"reason": "ExitCode", "message": "3"}]
    assert await socket.receive() is None
    node, _, name, container, options = echo.asked[-1]
    assert (node, name, container, options["command"]) == ("node1", "p", "main", ["cat", "-u"])


async def test_channels_can_be_text(api: ApiServer, path: str) -> None:
    socket = await websocket(api, f"{path}/exec?{EXEC}", "v4.base64.channel.k8s.io")
    assert await socket.receive() == b"1"
    text = base64.b64encode(b"hello")
    await socket.send(ord("0"), text)
    assert await socket.receive() == b"1" + base64.b64encode(b"hello")
    socket.close()


@pytest.mark.parametrize("method", ["POST", "GET"])
async def test_an_upgraded_connection_hands_over_its_raw_bytes(
    api: ApiServer, path: str, method: str
) -> None:
    client = await Spdy.connect(api, method, f"{path}/exec?{EXEC}", "v4.channel.k8s.io")
    error, stdin, stdout, stderr = (
        client.session.open({"streamType": name}) for name in ("error", "stdin", "stdout", "stderr")
    )
    sent = bytes(range(256)) * 2000
    await client.flush()
    for start in range(0, len(sent), 10_000):
        client.session.send(stdin, sent[start : start + 10_000])
        await client.flush()
    client.session.end(stdin)
    await client.until(error, stdout, stderr)
    assert client.got[stdout] == sent
    assert json.loads(client.got[error])["reason"] == "NonZeroExitCode"
    client.writer.close()


async def test_spdy_forwards_many_connections_and_tells_what_fails(
    api: ApiServer, path: str
) -> None:
    client = await Spdy.connect(api, "POST", f"{path}/portforward", "portforward.k8s.io")
    pairs = []
    for number in range(5):
        port = "81" if number == 3 else "80"
        names = {"port": port, "requestID": str(number)}
        error = client.session.open({"streamType": "error", **names}, fin=True)
        data = client.session.open({"streamType": "data", **names})
        client.session.send(data, b"page %d" % number)
        client.session.end(data)
        pairs.append((error, data))
    await client.until(*(stream for pair in pairs for stream in pair))
    for number, (error, data) in enumerate(pairs):
        if number == 3:
            assert b"connection refused" in client.got[error] and data not in client.got
        else:
            assert client.got[data] == b"page %d" % number
    client.writer.close()


async def test_what_is_not_spdy_is_told_so_and_hung_up_on(api: ApiServer, path: str) -> None:
    client = await Spdy.connect(api, "POST", f"{path}/portforward", "portforward.k8s.io")
    client.writer.write(b"GET / HTTP/1.1\r\n\r\n" * 10 + b"\xff" * 64)
    async with asyncio.timeout(20):
        data = await client.reader.read()
    assert data[:4] in {b"", b"\x80\x03\x00\x07", b"\x80\x03\x00\x03"}


async def test_channels_carry_forwarded_ports(api: ApiServer, path: str) -> None:
    socket = await websocket(api, f"{path}/portforward?ports=80&ports=8080", "v4.channel.k8s.io")
    names = sorted([await socket.receive() or b"" for _ in range(4)])
    assert names == [b"\x00\x50\x00", b"\x01\x50\x00", b"\x02\x90\x1f", b"\x03\x90\x1f"]
    await socket.send(2, b"hello")
    assert await socket.receive() == b"\x02hello"
    socket.close()


async def test_a_client_that_leaves_ends_the_work(
    api: ApiServer, echo: EchoStreams, path: str
) -> None:
    socket = await websocket(api, f"{path}/exec?{EXEC}", "v5.channel.k8s.io")
    assert await socket.receive() == b"\x01"
    socket.close()
    assert await asyncio.to_thread(echo.dialogues[-1].closed.wait, 10)


def test_what_cannot_be_upgraded_is_told_before(api: ApiServer, path: str) -> None:
    plain = api.get(f"{path}/exec?{EXEC}")
    assert (plain.code, plain.json["message"]) == (400, "Upgrade request required")
    old = {**UPGRADE, "x_stream_protocol_version": "v1.channel.k8s.io"}
    refused = api.request("POST", f"{path}/exec?{EXEC}", **old)
    assert refused.code == 403
    assert "unable to negotiate protocol" in refused.json["message"]
    for query, why in (
        ("stdout=true", "at least one command"),
        ("command=sh", "at least one of stdin, stdout, stderr"),
        ("command=sh&stdout=true&stderr=true&tty=true", "tty and stderr cannot both be true"),
        ("command=sh&stdout=true&container=nope", "container nope is not valid for pod p"),
    ):
        wrong = api.request("POST", f"{path}/exec?{query}", **UPGRADE)
        assert wrong.code == 400 and why in wrong.json["message"]
    guest = api.request("POST", f"{path}/exec?{EXEC}", user="guest", **UPGRADE)
    assert guest.code == 403
    assert api.request("DELETE", f"{path}/exec").code == 405


@pytest.mark.parametrize("transport", ["websocket", "spdy"])
async def test_a_client_that_does_not_read_stops_the_process_not_the_server(
    api: ApiServer, echo: EchoStreams, path: str, transport: str
) -> None:
    target = f"{path}/exec?command=yes&stdout=true"
    if transport == "websocket":
        socket = await websocket(api, target, "v5.channel.k8s.io")
        assert await socket.receive() == b"\x01"
        hang_up = socket.close
    else:
        client = await Spdy.connect(api, "POST", target, "v4.channel.k8s.io")
        for name in ("error", "stdout"):
            client.session.open({"streamType": name})
        await client.flush()
        hang_up = client.writer.close
    dialogue = echo.dialogues[-1]
    written = 0

    async def write() -> None:
        nonlocal written
        while True:
            await dialogue.write(bytes(64 * 1024))
            written += 64 * 1024

    with pytest.raises(TimeoutError):
        await asyncio.to_thread(api.run, asyncio.wait_for(write(), 3))
    assert 0 < written < 32 * 1024 * 1024
    assert api.get("/healthz").code == 200
    hang_up()
