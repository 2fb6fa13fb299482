"""What exec, attach and port-forward are made of at the server: sizes, options, pipes, statuses."""

from __future__ import annotations

import asyncio

import pytest

from minikube8s.api.errors import ApiError
from minikube8s.api.streams import exit_code, exited, success
from minikube8s.server.streams import options
from minikube8s.server.streams.pipe import Pipe
from minikube8s.server.streams.terminal import Size, Sizes
from minikube8s.server.streams.upgrade import choose


@pytest.mark.parametrize("code", [0, 1, 126, 255])
def test_an_exit_code_travels_in_a_status(code):
    assert exit_code(exited(code)) == code


def test_a_status_that_tells_no_exit_code_is_another_failure():
    assert exited(0) == success()
    assert exit_code({"status": "Failure", "reason": "InternalError"}) is None
    assert exit_code({"status": "Failure", "reason": "NonZeroExitCode"}) is None


def test_sizes_are_read_however_they_are_cut():
    sizes = Sizes()
    sent = b'{"Width":80,"Height":24}\n{"Width":100,"Height":30}\n'
    found = [size for at in range(len(sent)) for size in sizes.feed(sent[at : at + 1])]
    assert found == [Size(80, 24), Size(100, 30)]


def test_what_is_no_size_is_skipped_and_not_kept():
    sizes = Sizes()
    assert sizes.feed(b'nonsense}{"Width":"x"}{"Width":1,"Height":2}') == [Size(1, 2)]
    for _ in range(100):
        assert sizes.feed(b"x" * 1000) == []
    assert sizes.feed(b'}{"Width":3,"Height":4}') == [Size(3, 4)]


def test_ports_may_be_repeated_or_joined():
    assert options.ports(["80,443", "8080"]) == [80, 443, 8080]
    for wrong in ("0", "65536", "http", "-1", "٣"):
        with pytest.raises(ApiError, match="between 1 and 65535"):
            options.ports([wrong])
    with pytest.raises(ApiError, match="required"):
        options.ports([])
    with pytest.raises(ApiError, match="at most"):
        options.ports(["80"] * 100)


def test_the_clients_first_choice_that_is_served_is_taken():
    assert choose(["v9", "v4", "v5"], ("v5", "v4")) == "v4"
    with pytest.raises(ApiError, match=r"client supports \[v1\], server accepts \[v5 v4\]"):
        choose(["v1"], ("v5", "v4"))


async def test_a_full_pipe_makes_who_puts_wait_until_something_is_taken():
    pipe = Pipe(10)
    assert await pipe.put(b"x" * 10)
    putting = asyncio.create_task(pipe.put(b"more"))
    await asyncio.sleep(0)
    assert not putting.done()
    assert await pipe.take() == b"x" * 10
    assert await putting
    pipe.end()
    assert [await pipe.take(), await pipe.take()] == [b"more", b""]


async def test_a_pipe_that_nobody_takes_from_holds_nobody_up():
    pipe = Pipe(10)
    await pipe.put(b"x" * 10)
    putting = asyncio.create_task(pipe.put(b"more"))
    await asyncio.sleep(0)
    pipe.discard()
    assert await putting is False
    assert await pipe.take() == b""
