"""inotify: whoever watches a directory is told of changes there, and nobody else."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from minikube8s.kit.inotify import Inotify


async def told(event: asyncio.Event) -> bool:
    """Whether news came in; forgets them."""
    for _ in range(3):
        await asyncio.sleep(0)
    was = event.is_set()
    event.clear()
    return was


def open_files() -> set[str]:
    """What this process has open."""
    return {str(one.readlink()) for one in Path("/proc/self/fd").iterdir() if one.is_symlink()}


async def test_each_change_is_told_to_all_who_watch_the_directory(tmp_path: Path) -> None:
    inotify, one, two = Inotify(), asyncio.Event(), asyncio.Event()
    with inotify.watching(tmp_path, one.set):
        with inotify.watching(tmp_path, two.set):
            (tmp_path / "a").write_text("a")
            assert await told(one) and await told(two)
        for change in (
            lambda: (tmp_path / "a").write_text("b"),
            lambda: (tmp_path / "a").rename(tmp_path / "b"),
            (tmp_path / "b").unlink,
        ):
            change()
            assert await told(one)
            assert not await told(two)


async def test_other_directories_are_not_told_of(tmp_path: Path) -> None:
    inotify, event = Inotify(), asyncio.Event()
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    with inotify.watching(tmp_path / "a", event.set):
        (tmp_path / "b" / "c").touch()
        assert not await told(event)


async def test_a_directory_that_goes_away_ends_nothing(tmp_path: Path) -> None:
    inotify, event = Inotify(), asyncio.Event()
    (tmp_path / "a").mkdir()
    with inotify.watching(tmp_path / "a", event.set):
        (tmp_path / "a").rmdir()
        await told(event)
        with inotify.watching(tmp_path, event.set):
            (tmp_path / "b").touch()
            assert await told(event)


async def test_nothing_is_kept_when_nobody_watches(tmp_path: Path) -> None:
    before = open_files()
    inotify = Inotify()
    with pytest.raises(FileNotFoundError), inotify.watching(tmp_path / "none", print):
        pass
    with inotify.watching(tmp_path, print):
        assert open_files() > before
    assert open_files() == before
