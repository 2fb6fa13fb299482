"""Reading the daemons' logs: records in order, of files that are put aside while they are read."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minikube8s.cluster import componentlogs
from minikube8s.cluster.componentlogs import Record, Wanted, records


def line(second: int, words: str, level: str = "INFO") -> str:
    return f"2026-01-31T12:00:{second:02}.000Z {level} master x: {words}\n"


def texts(found: object) -> list[str]:
    return [record.text for record in found]  # type: ignore[attr-defined]


@given(st.lists(st.sampled_from([line(1, "a"), line(2, "b"), "  File x\n", "Error: y\n"])))
def test_no_line_is_lost_or_moved(lines: list[str]) -> None:
    assert "".join(texts(records(lines))) == "".join(lines)


def test_lines_without_a_time_belong_to_the_record_before_them() -> None:
    lines = [line(1, "failed", "ERROR"), "Traceback\n", "  File x\n", line(2, "on")]
    assert texts(records(lines)) == ["".join(lines[:3]), lines[3]]


def test_logs_of_several_daemons_come_in_the_order_of_time_those_put_aside_first(
    tmp_path: Path,
) -> None:
    master, agent = tmp_path / "master.log", tmp_path / "agent.log"
    (tmp_path / "master.log.1").write_text(line(1, "m1"))
    master.write_text(line(4, "m4"))
    agent.write_text(line(2, "a2") + "more\n" + line(5, "a5"))
    found = texts(componentlogs.past([master, agent], Wanted()))
    assert found == [line(1, "m1"), line(2, "a2") + "more\n", line(4, "m4"), line(5, "a5")]
    missing = tmp_path / "absent.log"
    assert texts(componentlogs.past([missing], Wanted())) == []


@pytest.mark.parametrize(
    ("wanted", "seconds"),
    [
        (Wanted(), [1, 2, 3]),
        (Wanted(tail=2), [2, 3]),
        (Wanted(tail=0), []),
        (Wanted(level="WARNING"), [2]),
        (Wanted(since=datetime(2026, 1, 31, 12, 0, 2, tzinfo=UTC)), [2, 3]),
    ],
)
def test_what_is_shown_can_be_chosen(tmp_path: Path, wanted: Wanted, seconds: list[int]) -> None:
    log = tmp_path / "master.log"
    log.write_text(line(1, "a") + line(2, "b", "WARNING") + line(3, "c"))
    found = componentlogs.past([log], wanted)
    assert [int(record.stamp[17:19]) for record in found] == seconds


async def test_what_is_logged_from_now_on_follows_also_when_the_file_is_put_aside(
    tmp_path: Path,
) -> None:
    log = tmp_path / "master.log"
    log.write_text(line(1, "a"))
    shown: list[str] = []
    news = asyncio.Event()

    def show(record: Record) -> None:
        shown.append(record.text)
        news.set()

    async def reached(count: int) -> None:
        async with asyncio.timeout(10):
            while len(shown) < count:
                news.clear()
                await news.wait()

    following = asyncio.create_task(componentlogs.follow([log], Wanted(), show))
    try:
        await reached(1)
        with log.open("a") as writer:
            writer.write(line(2, "b"))
        await reached(2)
        with log.open("a") as writer:
            writer.write(line(3, "c"))
        log.replace(tmp_path / "master.log.1")
        log.write_text(line(4, "d"))
        await reached(4)
    finally:
        following.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await following
    assert shown == [line(1, "a"), line(2, "b"), line(3, "c"), line(4, "d")]


def test_what_is_written_just_before_a_file_is_put_aside_is_not_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "master.log"
    log.write_text("")
    reading = componentlogs._Log(log)
    stat = Path.stat

    def rotated(path: Path) -> object:
        monkeypatch.undo()
        with log.open("a") as writer:
            writer.write(line(1, "last") + "half")
        log.replace(tmp_path / "master.log.1")
        log.write_text(line(2, "first"))
        return stat(path)

    monkeypatch.setattr(Path, "stat", rotated)
    assert list(reading.news()) == [line(1, "last"), line(2, "first")]
    reading.close()


def test_the_last_words_of_a_daemon_and_whether_they_are_bad_news(tmp_path: Path) -> None:
    log = tmp_path / "master.log"
    assert componentlogs.last_words(log) == ""
    log.write_text(line(1, "stopping"))
    assert componentlogs.is_harmless(componentlogs.last_words(log))
    log.write_text(line(1, "stopping") + "Traceback\nKeyError: 'x'\n")
    assert componentlogs.last_words(log) == "KeyError: 'x'"
    assert not componentlogs.is_harmless("KeyError: 'x'")
