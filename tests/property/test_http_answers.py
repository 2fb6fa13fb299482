"""Whatever a server sends, reading it ends with an answer or with an error that is foreseen."""

from __future__ import annotations

import asyncio
import contextlib

from hypothesis import given, settings
from hypothesis import strategies as st
from mk8s_agent.httpanswers import HeadTooLong, NotHttp, read_head

LIMIT = 200
starts = st.sampled_from([b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.0 404\n", b"HTTP/1.1 099 x\r\n"])
lines = st.sampled_from(
    [
        b"Content-Length: 5\r\n",
        b"Content-Length: -1\r\n",
        b"Content-Length: x\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"X\n",
        b"X: " + b"y" * 90 + b"\r\n",
        b"\r\n",
        b"\n",
    ]
)
rest = st.one_of(
    st.binary(max_size=40),
    st.sampled_from([b"5\r\nhello\r\n0\r\n\r\n", b"-1\r\n", b"zz\r\n", b"0\r\nX: y\r\n", b"hello"]),
)


@settings(max_examples=400, deadline=None)
@given(start=starts, head=st.lists(lines, max_size=6), rest=rest, noise=st.binary(max_size=30))
def test_reading_ends_as_it_says(
    start: bytes, head: list[bytes], rest: bytes, noise: bytes
) -> None:
    asyncio.run(read(start + b"".join(head) + rest + noise))


async def read(data: bytes) -> None:
    reader = asyncio.StreamReader(limit=LIMIT)
    reader.feed_data(data)
    reader.feed_eof()
    cut = (asyncio.IncompleteReadError, asyncio.LimitOverrunError)
    with contextlib.suppress(NotHttp, HeadTooLong, *cut):
        answer = await read_head(reader, LIMIT)
        assert 0 <= answer.status <= 999
        assert sum(map(len, answer.headers)) <= LIMIT
        with contextlib.suppress(ValueError, *cut):
            assert len(await answer.body()) <= len(data)
