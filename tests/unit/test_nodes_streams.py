"""Log streams through the link: order, refusals, back-pressure, cancellation, deadlines."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import grpc
import pytest
from mk8s_agent.link.channel import dial
from mk8s_agent.link.errors import StreamError
from mk8s_agent.link.tunnels import Handler

from minikube8s.api.errors import ApiError
from minikube8s.nodes.config import NodesConfig
from minikube8s.rpc import agent_pb2, agent_pb2_grpc
from tests.support.links import Cluster, until


@pytest.fixture
async def cluster(tmp_path) -> AsyncIterator[Cluster]:
    async with Cluster(tmp_path, NodesConfig(tunnel_deadline=2.0)) as made:
        yield made


def serving(generator: Callable[[dict[str, Any]], AsyncIterator[bytes]]) -> Handler:
    async def handler(options: dict[str, Any]) -> AsyncIterator[bytes]:
        return generator(options)

    return handler


async def test_a_log_comes_as_its_node_has_it(cluster: Cluster):
    agent = await cluster.connected()
    asked = {}

    async def logs(options):
        asked.update(options)
        yield b"first\n"
        yield b"x" * 200_000
        yield b"last\n"

    agent.handlers["logs"] = serving(logs)
    stream = await cluster.links.streams.open_logs("one", "default", "web", "c", {"tailLines": 5})
    received = b"".join([chunk async for chunk in stream])
    assert received == b"first\n" + b"x" * 200_000 + b"last\n"
    assert asked == {"namespace": "default", "pod": "web", "container": "c", "tailLines": 5}


async def test_a_refusal_of_the_agent_is_the_answer_to_the_request(cluster: Cluster):
    agent = await cluster.connected()

    async def logs(options):
        raise StreamError("BadRequest", "container c is waiting to start", 400)

    agent.handlers["logs"] = logs
    with pytest.raises(ApiError, match="is waiting to start") as caught:
        await cluster.links.streams.open_logs("one", "default", "web", "c", {})
    assert (caught.value.code, caught.value.reason) == (400, "BadRequest")


async def test_a_failure_in_the_middle_reaches_the_reader_after_the_bytes(cluster: Cluster):
    agent = await cluster.connected()

    async def logs(options):
        yield b"some\n"
        raise StreamError("InternalError", "the engine went away", 500)

    agent.handlers["logs"] = serving(logs)
    stream = await cluster.links.streams.open_logs("one", "default", "web", "c", {})
    assert await anext(stream) == b"some\n"
    with pytest.raises(ApiError, match="the engine went away"):
        await anext(stream)


async def test_a_fault_of_the_agent_is_told_and_the_link_goes_on(cluster: Cluster):
    agent = await cluster.connected()

    async def logs(options):
        raise KeyError("oops")

    agent.handlers["logs"] = logs
    with pytest.raises(ApiError, match="failed to serve logs") as caught:
        await cluster.links.streams.open_logs("one", "default", "web", "c", {})
    assert caught.value.code == 500
    await cluster.pod()
    await until("the pod", agent.assignments.pods)


async def test_a_kind_that_the_agent_does_not_know_is_refused(cluster: Cluster):
    await cluster.connected()
    with pytest.raises(ApiError, match="cannot serve logs") as caught:
        await cluster.links.streams.open_logs("one", "default", "web", "c", {})
    assert caught.value.code == 501


async def test_a_node_whose_agent_is_away_is_named(cluster: Cluster):
    with pytest.raises(ApiError, match='agent of node "gone" is not connected') as caught:
        await cluster.links.streams.open_logs("gone", "default", "web", "c", {})
    assert caught.value.code == 503


async def test_following_a_silent_log_succeeds(cluster: Cluster):
    agent = await cluster.connected()
    line = asyncio.Event()

    async def logs(options):
        await line.wait()
        yield b"at last\n"

    agent.handlers["logs"] = serving(logs)
    stream = await cluster.links.streams.open_logs("one", "default", "web", "c", {"follow": True})
    line.set()
    assert await anext(stream) == b"at last\n"


async def test_closing_a_stream_ends_the_work_on_the_node(cluster: Cluster):
    agent = await cluster.connected()
    ended = asyncio.Event()

    async def logs(options):
        try:
            yield b"first\n"
            await asyncio.Event().wait()
        finally:
            ended.set()

    agent.handlers["logs"] = serving(logs)
    stream = await cluster.links.streams.open_logs("one", "default", "web", "c", {"follow": True})
    assert await anext(stream) == b"first\n"
    await stream.aclose()
    async with asyncio.timeout(5):
        await ended.wait()


async def test_closing_ends_a_reader_that_waits(cluster: Cluster):
    agent = await cluster.connected()

    async def logs(options):
        yield b"first\n"
        await asyncio.Event().wait()

    agent.handlers["logs"] = serving(logs)
    stream = await cluster.links.streams.open_logs("one", "default", "web", "c", {"follow": True})
    assert await anext(stream) == b"first\n"
    reader = asyncio.create_task(anext(stream, b"end"))
    await asyncio.sleep(0)
    await stream.aclose()
    async with asyncio.timeout(5):
        assert await reader == b"end"


async def test_a_reader_that_stops_reading_stops_its_stream_and_nothing_else(cluster: Cluster):
    agent = await cluster.connected()
    sent = 0

    async def logs(options):
        nonlocal sent
        if options["container"] == "short":
            yield b"short\n"
            return
        while True:
            sent += 64 * 1024
            yield b"x" * 64 * 1024

    agent.handlers["logs"] = serving(logs)
    stream = await cluster.links.streams.open_logs(
        "one", "default", "web", "endless", {"follow": True}
    )
    await anext(stream)
    # Other traffic of the same connection goes on, and its round trips give the stream time.
    for number in range(20):
        await cluster.pod(f"web{number}")
        await until("the pod", lambda n=number: ("default", f"web{n}") in agent.assignments.pods())
    other = await cluster.links.streams.open_logs("one", "default", "web", "short", {})
    assert [chunk async for chunk in other] == [b"short\n"]
    before = sent
    for number in range(20, 40):
        await cluster.pod(f"web{number}")
        await until("the pod", lambda n=number: ("default", f"web{n}") in agent.assignments.pods())
    assert sent == before < 16 * 1024 * 1024
    for _ in range(100):
        await anext(stream)
    assert sent > before
    await stream.aclose()


async def test_losing_the_agent_ends_its_streams_with_the_reason(cluster: Cluster):
    agent = await cluster.connected()

    async def logs(options):
        yield b"first\n"
        await asyncio.Event().wait()

    agent.handlers["logs"] = serving(logs)
    stream = await cluster.links.streams.open_logs("one", "default", "web", "c", {"follow": True})
    assert await anext(stream) == b"first\n"
    await agent.disconnect()
    with pytest.raises(ApiError, match='agent of node "one" is not connected'):
        async with asyncio.timeout(5):
            await anext(stream)


async def test_an_agent_that_does_not_answer_is_not_waited_for(cluster: Cluster, monkeypatch):
    await cluster.connected()
    monkeypatch.setattr("mk8s_agent.link.tunnels.Tunnels.open", lambda *_: None)
    with pytest.raises(ApiError, match="did not open a stream") as caught:
        await cluster.links.streams.open_logs("one", "default", "web", "c", {})
    assert caught.value.code == 504
    assert not cluster.links._tunnels._waiting


async def test_a_stream_asked_of_one_node_cannot_be_claimed_by_another(
    cluster: Cluster, monkeypatch
):
    await cluster.connected("one")
    requests = []
    monkeypatch.setattr(
        "mk8s_agent.link.tunnels.Tunnels.open", lambda _, request: requests.append(request)
    )
    asking = asyncio.create_task(cluster.links.streams.open_logs("one", "default", "web", "c", {}))
    await until("the request", lambda: requests)
    channel = dial(cluster.agent("two").config)
    call = agent_pb2_grpc.AgentsStub(channel).Tunnel()
    await call.write(agent_pb2.Frame(attach=agent_pb2.Attach(id=requests[0].id)))
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        async with asyncio.timeout(5):
            await call.read()
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND
    await channel.close()
    with pytest.raises(ApiError, match="did not open a stream"):
        await asking
