"""A talk with a process: what goes to which side, and how its end is told."""

from __future__ import annotations

import asyncio
import json
import os

import pytest

from minikube8s.api.streams import exited, success
from minikube8s.cli.connection.client import ApiFailure
from minikube8s.cli.containers.conversation import CommandEnded, Files, converse
from minikube8s.cli.errors import CommandError

STDIN, STDOUT, STDERR, ERROR, RESIZE, CLOSE = 0, 1, 2, 3, 4, 255


class PlayedServer:
    """Says what it is told to; where it ``waits``, once it has heard all of the input."""

    def __init__(self, *says, protocol="v5.channel.k8s.io", waits=False):
        self.says = list(says)
        self.protocol = protocol
        self.heard = []
        self.asked = None
        self.closed = False
        self._waits = waits
        self._over = asyncio.Event()

    async def websocket(self, path, query, protocol):
        self.asked = (path, query, protocol)
        return self

    async def receive(self):
        if self._waits:
            await self._over.wait()
        return self.says.pop(0) if self.says else None

    async def send(self, channel, data):
        self.heard.append((channel, data))
        if channel == (CLOSE if self.protocol.startswith("v5") else STDIN):
            self._over.set()

    def close(self):
        self.closed = True


def status(value) -> bytes:
    return bytes([ERROR]) + json.dumps(value).encode()


def talk(server, *, stdin=None, tty=False, redraw=False):
    out, err = [], []
    files = Files(0 if stdin is None else stdin, out.append, err.append)
    try:
        converse(
            server, "/exec", [("command", "x")],
            stdin=stdin is not None, tty=tty, redraw=redraw, files=files,
        )  # fmt: skip
    finally:
        assert server.closed
    return b"".join(out), b"".join(err)


def test_each_channel_goes_to_its_own_place():
    server = PlayedServer(b"\x01out", b"\x02err", b"\x01", b"\x01put", status(success()))
    assert talk(server) == (b"output", b"err")
    path, query, protocol = server.asked
    assert path == "/exec"
    assert dict(query) == {
        "command": "x", "stdout": "true", "stderr": "true", "stdin": "false", "tty": "false",
    }  # fmt: skip
    assert protocol == "v5.channel.k8s.io, v4.channel.k8s.io"


def test_an_exit_code_is_an_error_with_that_code():
    with pytest.raises(CommandEnded, match="terminated with exit code 7") as ended:
        talk(PlayedServer(status(exited(7))))
    assert ended.value.code == 7


def test_another_failure_is_the_servers_own():
    refused = {"status": "Failure", "reason": "InternalError", "message": "no such engine"}
    with pytest.raises(ApiFailure, match="no such engine"):
        talk(PlayedServer(status(refused)))


def test_a_talk_that_is_cut_off_is_told():
    with pytest.raises(CommandError, match="lost before the process ended"):
        talk(PlayedServer(b"\x01out"))


@pytest.mark.parametrize(
    ("protocol", "closes"), [("v5.channel.k8s.io", True), ("v4.channel.k8s.io", False)]
)
def test_input_goes_over_and_its_end_where_the_protocol_has_one(protocol, closes):
    reading, writing = os.pipe()
    os.write(writing, b"to the end")
    os.close(writing)
    server = PlayedServer(status(success()), protocol=protocol, waits=True)
    talk(server, stdin=reading)
    os.close(reading)
    assert server.heard == [(STDIN, b"to the end"), *[(CLOSE, bytes([STDIN]))] * closes]


def test_a_terminal_is_told_its_size_and_an_attached_one_is_drawn_anew():
    server = PlayedServer(status(success()))
    talk(server, tty=True)
    assert [channel for channel, _ in server.heard] == [RESIZE]
    server = PlayedServer(status(success()))
    talk(server, tty=True, redraw=True)
    first, second = (json.loads(data) for _, data in server.heard)
    assert (first["Width"], first["Height"]) == (second["Width"] + 1, second["Height"] + 1)
    assert dict(server.asked[1])["stderr"] == "false"


@pytest.mark.parametrize("nonsense", [bytes([ERROR]) + b"no json", b""])
def test_what_is_not_understood_is_told_in_a_sentence(nonsense):
    with pytest.raises(CommandError, match="the server's answer is not understood"):
        talk(PlayedServer(nonsense))
