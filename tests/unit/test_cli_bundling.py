"""A bundle is whole or not there, bounded in size and time, and goes on where a part fails."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from minikube8s.cli.bundling import archive as packing
from minikube8s.cli.bundling.archive import Archive
from minikube8s.cli.bundling.gathering import Gathering, Part
from minikube8s.cli.bundling.redacting import Redactor
from minikube8s.cli.connection.client import ApiFailure
from minikube8s.cli.errors import CommandError
from minikube8s.cluster.errors import ClusterError


def contents(path: Path) -> dict[str, str]:
    with tarfile.open(path) as tar:
        files = {member.name: tar.extractfile(member) for member in tar.getmembers()}
        return {name: file.read().decode() for name, file in files.items() if file}


def part(name: str, text: str = "x", *, asks: bool = False, fails: Exception | None = None) -> Part:
    def files() -> Iterator[tuple[str, str]]:
        yield f"{name}.txt", text
        if fails:
            raise fails

    return Part(name, files, asks=asks)


def test_what_is_put_in_is_found_again_and_only_the_owner_may_read_it(tmp_path: Path) -> None:
    path = tmp_path / "b.tar.gz"
    with Archive(path, "b") as archive:
        archive.add("../../etc/a", "one")
        archive.add("pods/default/x.log", "two")
    assert contents(path) == {"b/etc/a": "one", "b/pods/default/x.log": "two"}
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_others_may_read_is_not_written_to(tmp_path: Path) -> None:
    theirs = tmp_path / ".b.tar.gz.new"
    theirs.write_text("")
    theirs.chmod(0o666)
    with theirs.open() as file:
        with Archive(tmp_path / "b.tar.gz", "b") as archive:
            archive.add("a", "one")
        assert file.read() == ""
    assert (tmp_path / "b.tar.gz").stat().st_mode & 0o777 == 0o600


def test_nothing_is_left_where_it_is_interrupted(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), Archive(tmp_path / "b.tar.gz", "b") as archive:
        archive.add("a", "one")
        raise KeyboardInterrupt
    assert not list(tmp_path.iterdir())


def test_long_files_lose_their_middle_and_no_bundle_grows_beyond_its_bound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packing, "FILE_BYTES", 100)
    path = tmp_path / "b.tar.gz"
    with Archive(path, "b", whole_bytes=200) as archive:
        archive.add("long", "a" * 500 + "z" * 500)
        archive.add("no-room", "b" * 90)
        archive.add("small", "c")
    found = contents(path)
    assert found["b/long"].startswith("aaa") and found["b/long"].endswith("zzz")
    assert "900 bytes are left out here" in found["b/long"]
    assert set(found) == {"b/long", "b/small"}
    assert archive.left_out == ["no-room: no room is left"]


def gathered(tmp_path: Path, *parts: Part, seconds: float = 60) -> tuple[dict[str, str], list[str]]:
    path = tmp_path / "b.tar.gz"
    with Archive(path, "b") as archive:
        gathering = Gathering(archive, Redactor(["hunter2-hunter2"]), seconds)
        gathering.take(parts, lambda _: None)
    return contents(path), gathering.notes


def test_a_part_that_fails_is_noted_and_the_others_are_gathered(tmp_path: Path) -> None:
    refusal = ApiFailure({"reason": "Forbidden", "message": "no"})
    found, notes = gathered(
        tmp_path,
        part("a", fails=ClusterError("no engine at hunter2-hunter2")),
        part("b", fails=KeyError("x")),
        part("c", asks=True, fails=refusal),
        part("d", "hunter2-hunter2"),
    )
    assert set(found) == {"b/a.txt", "b/b.txt", "b/c.txt", "b/d.txt"}
    assert found["b/d.txt"] == "<redacted>"
    assert notes[0] == "a: no engine at <redacted>"
    assert notes[1:] == ["b: KeyError: 'x'", "c: Error from server (Forbidden): no"]


def test_a_server_that_does_not_answer_is_asked_once(tmp_path: Path) -> None:
    found, notes = gathered(
        tmp_path,
        part("a", asks=True, fails=CommandError("refused")),
        part("b", asks=True),
        part("c"),
    )
    assert set(found) == {"b/a.txt", "b/c.txt"}
    assert notes[1] == "b: left out, the API server does not answer"


def test_gathering_ends_at_its_deadline(tmp_path: Path) -> None:
    found, notes = gathered(tmp_path, part("a"), part("b"), seconds=0)
    assert set(found) == {"b/a.txt"}
    assert notes == ["a: cut off after 0 s (--timeout)"]
