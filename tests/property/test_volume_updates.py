"""Files that change together: whoever looks, whenever the writer dies, sees a whole generation."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from mk8s_agent.volumes import atomic
from mk8s_agent.volumes.atomic import DATA, File

PATHS = ("a", "b", "sub/c", "sub/d", "deep/er/e")
contents = st.dictionaries(st.sampled_from(PATHS), st.binary(max_size=3))


def files(content: dict[str, bytes]) -> dict[str, File]:
    return {path: File(data, 0o644) for path, data in content.items()}


def shown(directory: Path) -> dict[str, bytes]:
    """What stands behind `..data`."""
    return dict(atomic.look(directory).content)


def read(directory: Path) -> dict[str, bytes]:
    """What a container reads by the names that it knows."""
    return {path: (directory / path).read_bytes() for path in PATHS if (directory / path).exists()}


def bring(directory: Path, content: dict[str, bytes], generation: str, cut: int) -> None:
    """Bring the content, but die after so many steps."""
    steps = atomic.plan(atomic.look(directory), files(content), generation)
    atomic.carry_out(directory, steps[:cut])


@given(old=contents, new=contents, last=contents, first=st.integers(0, 12), then=st.integers(0, 12))
def test_an_interrupted_update_shows_all_of_the_old_or_all_of_the_new(
    old: dict[str, bytes], new: dict[str, bytes], last: dict[str, bytes], first: int, then: int
) -> None:
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        bring(directory, old, "..1", 99)
        assert read(directory) == old
        bring(directory, new, "..2", first)
        assert shown(directory) in (old, new)
        seen = read(directory)
        assert all(seen.get(path) in (old[path], new[path]) for path in old.keys() & new.keys())
        assert any(
            all(seen.get(path) == side.get(path) for path in old.keys() & new.keys())
            for side in (old, new)
        )
        bring(directory, last, "..3", then)
        assert shown(directory) in (old, new, last)
        bring(directory, last, "..4", 99)
        assert read(directory) == shown(directory) == last
        hidden = [one.name for one in directory.iterdir() if one.name.startswith("..")]
        assert len(hidden) == 2 and DATA in hidden
        assert atomic.plan(atomic.look(directory), files(last), "..5") == []


@given(old=contents, new=contents, size=st.integers(0, 2))
def test_a_generation_that_was_written_by_half_is_written_again(
    old: dict[str, bytes], new: dict[str, bytes], size: int
) -> None:
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        bring(directory, old, "..1", 99)
        half = directory / "..2"
        half.mkdir()
        for path in list(new)[:size]:
            (half / path.replace("/", "-")).write_bytes(b"half")
        assert shown(directory) == old
        bring(directory, new, "..2", 99)
        assert read(directory) == new
