"""Stand-ins for images: what goes wrong while they are built is a sentence."""

from __future__ import annotations

import socket
import subprocess
import threading
from pathlib import Path

import pytest

from minikube8s.cluster.standins import build, packages
from minikube8s.cluster.standins.packages import BuildError


def test_an_engine_that_hangs_up_is_told(tmp_path: Path) -> None:
    tar = tmp_path / "image.tar"
    tar.write_bytes(bytes(8 << 20))
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "engine.sock"))
        server.listen()

        def hang_up() -> None:
            server.accept()[0].close()

        hanging_up = threading.Thread(target=hang_up)
        hanging_up.start()
        with pytest.raises(BuildError, match="did not take the image busybox:latest"):
            build.load("busybox:latest", tar, f"unix://{tmp_path}/engine.sock")
        hanging_up.join()


DEPENDS = """\
server
  Depends: libone
 |Depends: libtwo
  Depends: <libvirtual>
    libthree
  Depends: perl
libone
  PreDepends: libfour
perl
  Depends: libperl
libfour
libperl
"""


def test_libraries_of_libraries_are_found_and_programs_are_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(packages, "_run", lambda *words: asked.append(words) or DEPENDS)
    assert packages.closure(["server"]) == ["libfour", "libone", "libtwo", "server"]
    assert len(asked) == 1, "apt takes its time to start"


def test_a_program_that_fails_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise subprocess.CalledProcessError(2, ["tar", "-c"])

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(build, "closure", lambda names: names)
    monkeypatch.setattr(build, "fetch", lambda _: [])
    monkeypatch.setattr(build, "_build", full)
    with pytest.raises(BuildError, match=r"busybox:latest could not be built in .*: tar failed\."):
        build.archive("busybox:latest")
