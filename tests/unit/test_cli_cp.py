"""What `mk8s cp` packs and unpacks, and that nothing leaves the destination."""

from __future__ import annotations

import io
import os
import tarfile
import threading
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minikube8s.cli.copying import carrying, packing, places, unpacking
from minikube8s.cli.copying.carrying import _tar
from minikube8s.cli.copying.pipes import Counted, Pipe, Worker
from minikube8s.cli.copying.places import Place
from minikube8s.cli.errors import CommandError
from minikube8s.cli.output.progress import Progress


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("file", Place("file")),
        ("/a:b", Place("/a:b")),
        ("./a:b", Place("./a:b")),
        ("pod:/etc", Place("/etc", "pod")),
        ("ns/pod:etc/x:y", Place("etc/x:y", "pod", "ns")),
    ],
)
def test_a_place_is_here_or_in_a_pod(text, place):
    assert places.parse(text) == place


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (("a",), "source and destination are required"),
        (("a", "b", "c"), "source and destination are required"),
        (("a", "b"), "one of src or dest must be a remote file specification"),
        (("p:/a", "p:/b"), "one of src or dest must be a local file specification"),
        ((":a", "b"), "filespec must match the canonical format"),
        (("a/b/c:d", "e"), "filespec must match the canonical format"),
        (("a", "p:"), "filepath can not be empty"),
    ],
)
def test_what_cannot_be_copied_is_told_in_kubectls_words(words, error):
    with pytest.raises(CommandError, match=error):
        places.pair(words)


@pytest.mark.parametrize(
    ("path", "name"),
    [("/etc/x", "etc/x"), ("./a/../b/", "b"), ("../../etc", "etc"), (".", ""), ("/", "")],
)
def test_tar_names_a_path_without_what_leads_out(path, name):
    assert places.member(path) == name


@pytest.mark.parametrize(
    ("prefix", "name", "rest"),
    [
        ("etc", "etc", ""),
        ("etc", "etc/a/b", "a/b"),
        ("etc", "./etc/a", "a"),
        ("etc", "etcetera/a", None),
        ("etc", "/etc/a", "a"),
        ("", "a/b", "a/b"),
        ("", "./", ""),
        ("etc", "etc/../../x", None),
        ("", "../x", None),
    ],
)
def test_what_is_not_below_the_prefix_is_nowhere(prefix, name, rest):
    assert places.below(prefix, name) == rest


@given(st.text("ab./\\", max_size=12), st.text("ab./\\", max_size=20))
def test_no_name_leads_out_of_the_destination(prefix, name):
    rest = places.below(places.member(prefix), name)
    if rest is not None:
        assert not rest.startswith("/") and ".." not in PurePosixPath(rest).parts


def packed(source: Path, name: str) -> bytes:
    out = io.BytesIO()
    packing.pack(source, name, out, pytest.fail)
    return out.getvalue()


def unpacked(data: bytes, prefix: str, destination: Path) -> list[str]:
    said: list[str] = []
    unpacking.unpack(io.BytesIO(data), prefix, destination, said.append)
    return said


def test_a_folder_comes_out_as_it_went_in(tmp_path: Path) -> None:
    source = tmp_path / "source"
    (source / "deep" / "er").mkdir(parents=True)
    (source / "a").write_text("a\n")
    (source / "twin").hardlink_to(source / "a")
    (source / "deep" / ("long" * 60)).write_bytes(os.urandom(300_000))
    (source / "deep" / "run").write_text("#!/bin/sh\n")
    (source / "deep" / "run").chmod(0o755)
    assert unpacked(packed(source, "x"), "x", tmp_path / "back") == []
    for path in source.rglob("*"):
        copy = tmp_path / "back" / path.relative_to(source)
        assert copy.is_dir() if path.is_dir() else copy.read_bytes() == path.read_bytes()
        assert path.is_dir() or copy.stat().st_mode == path.stat().st_mode


def test_a_file_goes_into_a_folder_or_gets_the_name(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    data = packed(tmp_path / "file", "etc/file")
    (tmp_path / "folder").mkdir()
    unpacked(data, "etc/file", tmp_path / "folder")
    unpacked(data, "etc/file", tmp_path / "new" / "name")
    assert (tmp_path / "folder" / "file").read_text() == "x"
    assert (tmp_path / "new" / "name").read_text() == "x"


def archive(*entries: tuple[str, bytes, str]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as made:
        for name, sort, link in entries:
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname = sort, link
            entry.size = 1 if sort == tarfile.REGTYPE else 0
            made.addfile(entry, io.BytesIO(b"!"))
    return out.getvalue()


def test_links_and_ways_out_of_the_destination_are_refused_and_told(tmp_path: Path) -> None:
    data = archive(
        ("x/link", tarfile.SYMTYPE, "/"),
        ("x/link/escaped", tarfile.REGTYPE, ""),
        ("x/../../escaped", tarfile.REGTYPE, ""),
        ("../escaped", tarfile.REGTYPE, ""),
        ("/escaped", tarfile.REGTYPE, ""),
        ("x/hard", tarfile.LNKTYPE, "etc/shadow"),
        ("x/pipe\x1b[2J", tarfile.FIFOTYPE, ""),
    )
    inside = tmp_path / "in" / "side"
    said = unpacked(data, "x", inside)
    assert [str(path.relative_to(inside)) for path in inside.rglob("*")] == ["link", "link/escaped"]
    assert list(tmp_path.rglob("escaped")) == [inside / "link" / "escaped"]
    assert len(said) == 6 and not any("\x1b" in line for line in said)
    assert said[0] == "warning: skipping symlink: 'x/link' -> '/'"


def test_a_hard_link_is_the_file_that_came_before(tmp_path: Path) -> None:
    data = archive(("x/a", tarfile.REGTYPE, ""), ("x/b", tarfile.LNKTYPE, "x/a"))
    assert unpacked(data, "x", tmp_path / "to") == []
    assert (tmp_path / "to" / "b").read_bytes() == b"!"


def test_what_is_no_file_is_left_out_and_a_link_stays_one(tmp_path: Path) -> None:
    (tmp_path / "from").mkdir()
    (tmp_path / "from" / "link").symlink_to("/etc/passwd")
    os.mkfifo(tmp_path / "from" / "pipe")
    said: list[str] = []
    out = io.BytesIO()
    packing.pack(tmp_path / "from", "x", out, said.append)
    with tarfile.open(fileobj=io.BytesIO(out.getvalue())) as made:
        assert [(one.name, one.issym()) for one in made] == [("x", False), ("x/link", True)]
    assert len(said) == 1 and "neither file, folder nor link" in said[0]


def test_an_archive_that_is_cut_off_is_told_and_nothing_is_none(tmp_path: Path) -> None:
    assert unpacked(b"", "x", tmp_path / "to") == []
    data = archive(("x/a", tarfile.REGTYPE, ""), ("x/b", tarfile.REGTYPE, ""))
    with pytest.raises(CommandError, match="tar contents corrupted"):
        unpacked(data[:512], "x", tmp_path / "to")
    assert list((tmp_path / "to").iterdir()) == []


def test_a_copy_goes_on_behind_the_bytes_that_are_here() -> None:
    assert _tar("/a b", 0) == ["tar", "cf", "-", "/a b"]
    assert _tar("/a b", 10) == ["sh", "-c", "tar cf - '/a b' | tail -c+11"]


def test_who_reads_no_more_ends_who_writes() -> None:
    with Pipe() as pipe:
        begun = threading.Event()

        def work(out) -> None:
            counted = Counted(out, lambda count: begun.set())
            while True:
                counted.write(b"x" * 100_000)

        writer = Worker(lambda: pipe.write_with(work))
        assert begun.wait(10)
        pipe.close_reading()
        with pytest.raises(BrokenPipeError):
            writer.finish()
        writer.finish(ignore_broken_pipe=True)


class PlayedContainer:
    """Packs a file as tar would, and loses the connection half way as often as it is told."""

    client = None

    def __init__(self, data: bytes, losses: int) -> None:
        self.data = data
        self.losses = losses
        self.asked: list[list[str]] = []

    def converse(self, client, path, query, *, stdin, tty, files) -> None:
        words = [word for key, word in query if key == "command"]
        self.asked.append(words)
        start = int(words[-1].rpartition("+")[2]) - 1 if words[0] == "sh" else 0
        end = start + 700 if self.losses else len(self.data)
        files.stdout(self.data[start:end])
        if self.losses:
            self.losses -= 1
            raise CommandError("The connection was lost before the process ended.")


def carried(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, losses: int, retries: int
) -> PlayedContainer:
    container = PlayedContainer(archive(("etc/x", tarfile.REGTYPE, "")), losses)
    monkeypatch.setattr(carrying, "converse", container.converse)
    carrier = carrying.Carrier(container, "/exec", "main", Progress())
    carrier.from_pod("/etc/x", tmp_path / "x", preserve=True, retries=retries)
    return container


def test_a_copy_that_is_cut_off_goes_on_where_it_was(monkeypatch, tmp_path, capsys) -> None:
    container = carried(monkeypatch, tmp_path, losses=2, retries=2)
    assert (tmp_path / "x").read_bytes() == b"!"
    assert container.asked[1:] == [
        ["sh", "-c", "tar cf - /etc/x | tail -c+701"],
        ["sh", "-c", "tar cf - /etc/x | tail -c+1401"],
    ]
    assert "Resuming copy at 1400 bytes, retry 2" in capsys.readouterr().err


@pytest.mark.parametrize(("losses", "retries"), [(1, 0), (3, 2)])
def test_a_copy_is_given_up_after_its_retries(losses, retries, monkeypatch, tmp_path) -> None:
    with pytest.raises(CommandError, match="lost before the process ended"):
        carried(monkeypatch, tmp_path, losses, retries)


def test_a_folder_that_cannot_be_written_is_the_reason(monkeypatch, tmp_path) -> None:
    (tmp_path / "x").write_text("no folder")
    container = PlayedContainer(archive(("etc/y", tarfile.REGTYPE, "")), 0)
    monkeypatch.setattr(carrying, "converse", container.converse)
    carrier = carrying.Carrier(container, "/exec", "main", Progress())
    with pytest.raises(OSError) as failed:
        carrier.from_pod("/etc", tmp_path / "x", preserve=True, retries=0)
    assert str(tmp_path / "x") in str(failed.value.filename)
