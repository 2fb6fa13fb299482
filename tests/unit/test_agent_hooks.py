"""Hooks that are HTTP requests, to real sockets."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from mk8s_agent.pods.hooks import HookFailed, Hooks

from minikube8s.api.views import Container, HTTPGetAction, LifecycleHandler

APP = Container(name="app")
NO_PROCESSES: Any = None


async def run(port: int | str) -> None:
    handler = LifecycleHandler(http_get=HTTPGetAction(port=port, path="/bye"))
    await Hooks(NO_PROCESSES).run(handler, APP, "id", "127.0.0.1")


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\n", ""),
        (b"HTTP/1.1 500 Oh\r\n\r\n", ""),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab", ""),
        (b"", "EOF"),
    ],
    ids=["well", "badly", "broken off", "not at all"],
)
async def test_whoever_answers_has_done_the_hooks_work(answer: bytes, failure: str) -> None:
    asked: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(answer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        if failure:
            with pytest.raises(HookFailed, match=failure):
                await run(port)
        else:
            await run(port)
    finally:
        server.close()
    assert b"GET /bye HTTP/1.1" in asked[0] and b"User-Agent: kube-lifecycle/1.36" in asked[0]


async def test_a_hook_whose_port_has_no_name_fails() -> None:
    with pytest.raises(HookFailed, match='parsing "nope"'):
        await run("nope")
