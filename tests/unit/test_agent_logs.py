"""A container's log in the files of Docker's json-file driver: which part of it, and rotation."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mk8s_agent.runtime.log_files import FILES_OPEN, LogDirectories
from mk8s_agent.runtime.log_lines import LinesFromEnd, Shown
from mk8s_agent.runtime.vocabulary import LogOptions

START = datetime(2026, 1, 1, tzinfo=UTC)
SECONDS = 10
UNSEEN_ROTATIONS = 2
"""So many may happen before the event loop hears of any."""


def entry(log: str, at: float = 0.0, stream: str = "stdout") -> bytes:
    """One entry as Docker writes it."""
    time = (START + timedelta(seconds=at)).replace(tzinfo=None).isoformat() + "Z"
    return json.dumps({"log": log, "stream": stream, "time": time}).encode() + b"\n"


class Engine:
    """Writes a log as Docker does, two files at most."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / "c-json.log"
        self.path.touch()
        self.ended = asyncio.Event()

    def write(self, *logs: str) -> None:
        with self.path.open("ab") as file:
            file.write(b"".join(entry(one) for one in logs))

    def rotate(self) -> None:
        self.path.rename(self.path.with_name("c-json.log.1"))
        self.path.touch()

    async def wait(self) -> None:
        await self.ended.wait()


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return Engine(tmp_path)


async def news() -> None:
    """Let the kernel's news come in."""
    for _ in range(3):
        await asyncio.sleep(0)


async def lines(engine: Engine, **options: object) -> list[str]:
    """What is there now."""
    with LogDirectories().open(engine.path, follow=False) as log:
        read = [chunk.data async for chunk in log.read(LogOptions(**options), engine.wait)]  # type: ignore[arg-type]
    return b"".join(read).decode().splitlines()


def shown(block: bytes, **options: object) -> str:
    return b"".join(c.data for c in Shown(LogOptions(**options)).feed(block)).decode()  # type: ignore[arg-type]


def test_every_line_has_one_time_however_many_entries_it_is() -> None:
    block = entry("a" * 9, 1.5) + entry("b\n", 2) + entry("c\n", 3.25)
    assert shown(block, timestamps=True) == (
        f"2026-01-01T00:00:01.500000000Z {'a' * 9}b\n2026-01-01T00:00:03.250000000Z c\n"
    )


def test_only_what_is_newer_is_shown() -> None:
    block = b"".join(entry(f"{at}\n", at) for at in (1, 2, 2.000001, 3))
    assert shown(block, since=START + timedelta(seconds=2)) == "2\n2.000001\n3\n"


def test_streams_are_told_apart_and_neighbours_come_together() -> None:
    block = entry("1\n") + entry("2\n") + entry("3\n", stream="stderr") + entry("4\n")
    chunks = Shown(LogOptions()).feed(block)
    assert [(c.stream, c.data) for c in chunks] == [
        ("stdout", b"1\n2\n"), ("stderr", b"3\n"), ("stdout", b"4\n"),
    ]  # fmt: skip
    assert shown(block, stdout=False) == "3\n"
    assert shown(block, stderr=False) == "1\n2\n4\n"


def test_what_a_crash_left_of_an_entry_hides_no_other() -> None:
    block = entry("1\n") + b'{"log":"2\n' + b"\0\0\0\n" + entry("3\n")
    assert shown(block) == "1\n3\n"


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.text("ab", max_size=3), st.booleans()), max_size=12),
    st.integers(0, 6),
)
def test_a_tail_is_lines_not_entries(pieces: list[tuple[str, bool]], wanted: int) -> None:
    logs = [text + "\n" * ends for text, ends in pieces if text or ends]
    counter = LinesFromEnd(wanted)
    taken: list[str] = []
    for log in reversed(logs):
        if counter.is_enough(entry(log)):
            break
        taken.insert(0, log)
    text = "".join(logs)
    assert "".join(taken) == "".join(
        text.splitlines(keepends=True)[
            max(0, text.count("\n") + (not text.endswith("\n") and bool(text)) - wanted) :
        ]
    )


async def test_a_reader_that_is_too_slow_misses_whole_files_and_nothing_else(
    engine: Engine,
) -> None:
    with LogDirectories().open(engine.path, follow=True) as log:
        for number in range(FILES_OPEN + 2):
            engine.write(f"{number}\n")
            engine.rotate()
            await news()
        engine.ended.set()
        read = [c.data async for c in log.read(LogOptions(follow=True), engine.wait)]
    numbers = [int(line) for line in b"".join(read).split()]
    assert numbers == [0, *range(4, FILES_OPEN + 2)]


async def test_all_files_are_read_the_oldest_first(engine: Engine) -> None:
    engine.write("1\n", "2\n")
    engine.rotate()
    engine.write("3\n")
    assert await lines(engine) == ["1", "2", "3"]


@pytest.mark.parametrize("tail", [0, 1, 2, 3, 5, 1 << 62])
async def test_a_tail_reaches_into_the_older_file(engine: Engine, tail: int) -> None:
    engine.write("1\n", "2" * 100_000, "2\n")
    engine.rotate()
    engine.write("3\n", "4\n")
    whole = ["1", "2" * 100_001, "3", "4"]
    assert await lines(engine, tail=tail) == (whole[-tail:] if tail else [])


@settings(deadline=None)
@given(st.data())
async def test_a_follower_misses_and_repeats_nothing(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    engine = Engine(tmp_path_factory.mktemp("log"))
    with LogDirectories().open(engine.path, follow=True) as log:
        reading = log.read(LogOptions(follow=True), engine.wait)
        got = bytearray()
        written = unseen = behind = 0

        async def take(upto: int) -> None:
            async for chunk in reading:
                got.extend(chunk.data)
                if got.count(b"\n") >= upto:
                    return

        async def catch_up() -> None:
            if got.count(b"\n") < written:
                await asyncio.wait_for(take(written), SECONDS)

        for step in data.draw(st.lists(st.sampled_from("wre"), max_size=20)):
            if step == "w":
                engine.write(f"{written}\n")
                written += 1
            elif step == "r":
                unseen += 1
                if unseen > UNSEEN_ROTATIONS:
                    await news()
                    unseen = 1
                if behind == FILES_OPEN - 2:
                    await catch_up()
                    behind = 0
                behind += got.count(b"\n") < written
                engine.rotate()
            else:
                await catch_up()
                behind = 0
        engine.ended.set()
        await asyncio.wait_for(take(1 << 30), SECONDS)
    assert got.split() == [str(n).encode() for n in range(written)]
