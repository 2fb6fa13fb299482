"""Streams in both directions through the link: exec, attach and port-forward."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from mk8s_agent.link.dialogue import Bytes, Dialogue, End, Size
from mk8s_agent.link.errors import StreamError

from minikube8s.api.errors import ApiError
from minikube8s.api.streams import Piece, exit_code, exited, success
from minikube8s.nodes.config import NodesConfig
from tests.support.links import Cluster

OPTIONS = {"command": ["cat"], "stdin": True, "stdout": True, "stderr": True, "tty": False}


@pytest.fixture
async def cluster(tmp_path) -> AsyncIterator[Cluster]:
    async with Cluster(tmp_path, NodesConfig(tunnel_deadline=2.0)) as made:
        yield made


async def echo(options: dict[str, Any], dialogue: Dialogue) -> dict[str, Any]:
    """What `cat` does; sizes are told on stderr."""
    await dialogue.begin()
    while not isinstance(given := await dialogue.receive(), End):
        if isinstance(given, Bytes):
            await dialogue.send(Piece("stdout", given.data))
        elif isinstance(given, Size):
            await dialogue.send(Piece("stderr", f"{given.width}x{given.height}".encode()))
    return exited(3)


async def test_bytes_sizes_and_the_end_go_down_output_and_the_exit_code_come_up(cluster: Cluster):
    agent = await cluster.connected()
    agent.dialogues["exec"] = echo
    dialogue = await cluster.links.streams.open_exec("one", "default", "web", "c", OPTIONS)
    await dialogue.write(b"hello")
    assert await dialogue.receive() == Piece("stdout", b"hello")
    await dialogue.resize(80, 24)
    assert await dialogue.receive() == Piece("stderr", b"80x24")
    await dialogue.write_eof()
    assert await dialogue.receive() is None
    assert exit_code(dialogue.status) == 3
    await dialogue.aclose()


async def test_more_bytes_than_any_buffer_holds_come_back_complete(cluster: Cluster):
    agent = await cluster.connected()
    agent.dialogues["exec"] = echo
    dialogue = await cluster.links.streams.open_exec("one", "default", "web", "c", OPTIONS)
    sent = bytes(range(256)) * 40_000

    async def write() -> None:
        for start in range(0, len(sent), 100_000):
            await dialogue.write(sent[start : start + 100_000])
        await dialogue.write_eof()

    writing = asyncio.create_task(write())
    received = bytearray()
    while (piece := await dialogue.receive()) is not None:
        received += piece.data
    await writing
    assert received == sent
    await dialogue.aclose()


async def test_a_process_that_does_not_read_stops_the_writer(cluster: Cluster):
    agent = await cluster.connected()

    async def deaf(options: dict[str, Any], dialogue: Dialogue) -> dict[str, Any]:
        await dialogue.begin()
        await asyncio.Event().wait()
        return success()

    agent.dialogues["exec"] = deaf
    dialogue = await cluster.links.streams.open_exec("one", "default", "web", "c", OPTIONS)
    written = 0
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(2):
            while True:
                await dialogue.write(bytes(64 * 1024))
                written += 64 * 1024
    assert written < 16 * 1024 * 1024
    await dialogue.aclose()


async def test_input_after_the_end_is_dropped_and_the_status_still_comes(cluster: Cluster):
    agent = await cluster.connected()

    async def hasty(options: dict[str, Any], dialogue: Dialogue) -> dict[str, Any]:
        await dialogue.begin()
        await dialogue.send(Piece("stdout", b"bye"))
        return success()

    agent.dialogues["exec"] = hasty
    dialogue = await cluster.links.streams.open_exec("one", "default", "web", "c", OPTIONS)
    for _ in range(50):
        await dialogue.write(bytes(1000))
    assert await dialogue.receive() == Piece("stdout", b"bye")
    assert await dialogue.receive() is None
    assert exit_code(dialogue.status) == 0
    await dialogue.aclose()


async def test_closing_ends_the_work_on_the_node_even_when_input_waits(cluster: Cluster):
    agent = await cluster.connected()
    ended = asyncio.Event()

    async def deaf(options: dict[str, Any], dialogue: Dialogue) -> dict[str, Any]:
        await dialogue.begin()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        return success()

    agent.dialogues["attach"] = deaf
    dialogue = await cluster.links.streams.open_attach("one", "default", "web", "c", OPTIONS)
    for _ in range(20):
        await dialogue.write(b"x")
    await dialogue.aclose()
    async with asyncio.timeout(5):
        await ended.wait()


async def test_a_refusal_is_the_answer_to_the_request(cluster: Cluster):
    agent = await cluster.connected()

    async def refuse(options: dict[str, Any], dialogue: Dialogue) -> dict[str, Any]:
        raise StreamError("InternalError", f"port {options['port']}: connection refused", 500)

    agent.dialogues["port-forward"] = refuse
    with pytest.raises(ApiError, match="port 81: connection refused"):
        await cluster.links.streams.open_port_forward("one", "default", "web", 81)


async def test_losing_the_agent_cuts_the_stream_off(cluster: Cluster):
    agent = await cluster.connected()
    agent.dialogues["exec"] = echo
    dialogue = await cluster.links.streams.open_exec("one", "default", "web", "c", OPTIONS)
    await agent.disconnect()
    async with asyncio.timeout(5):
        with pytest.raises(ApiError, match="not connected"):
            await dialogue.receive()
    with pytest.raises(ApiError, match="not connected"):
        await dialogue.write(b"x")
