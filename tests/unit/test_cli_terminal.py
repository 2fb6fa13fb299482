"""Reading what a user types, and no more than is asked for."""

from __future__ import annotations

import asyncio
import contextlib
import os
import pty
import shlex
import shutil
import signal
import sys
from pathlib import Path

import pytest

from minikube8s.cli.containers import terminal
from tests.support import tmux


async def test_input_is_read_to_its_end_from_pipes_and_files(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.write(writing, b"a" * 5000)
    os.close(writing)
    assert b"".join([data async for data in terminal.keys(reading)]) == b"a" * 5000
    os.close(reading)
    (tmp_path / "file").write_bytes(b"b" * 100_000)
    with (tmp_path / "file").open("rb") as file:
        read = b"".join([data async for data in terminal.keys(file.fileno())])
    assert read == b"b" * 100_000


async def test_what_is_typed_after_the_talk_is_left_to_the_shell() -> None:
    reading, writing = os.pipe()
    got: list[bytes] = []
    first = asyncio.Event()

    async def talk() -> None:
        async for data in terminal.keys(reading):
            got.append(data)
            first.set()

    talking = asyncio.create_task(talk())
    os.write(writing, b"for the pod")
    await first.wait()
    await asyncio.sleep(0)
    talking.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await talking
    os.write(writing, b"for the shell")
    assert os.read(reading, 100) == b"for the shell"
    assert got == [b"for the pod"]
    os.close(reading)
    os.close(writing)


@pytest.mark.skipif(not shutil.which("tmux"), reason="tmux is not installed")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_terminal_is_as_before_whoever_ends_the_program(number: signal.Signals) -> None:
    script = (
        "import os\nfrom minikube8s.cli.containers import terminal\n"
        "with terminal.raw(wanted=True): print('raw', os.getpid(), flush=True); os.read(0, 1)"
    )
    python = shlex.join([sys.executable, "-c", script])
    line = f"{python} 2>/dev/null; echo $?; stty -a | grep -o ' icanon'; sleep 60"
    with tmux.opened(["sh", "-c", line], os.environ) as screen:
        pid = screen.wait_for(r"^raw (\d+)")[1]
        assert screen.is_raw()
        os.kill(int(pid), number)
        screen.wait_for("^ icanon$")
        assert not screen.is_raw()


@pytest.mark.parametrize(("stdin", "tty"), [(False, True), (True, False), (False, False)])
def test_only_who_types_gets_a_terminal(stdin, tty, capsys):
    assert not terminal.usable(stdin=stdin, tty=tty)
    assert capsys.readouterr().err == ""


def test_a_pipe_is_no_terminal_and_said_so(monkeypatch, capsys):
    reading, writing = os.pipe()
    monkeypatch.setattr("sys.stdin", os.fdopen(reading))
    assert not terminal.usable(stdin=True, tty=True)
    assert "Unable to use a TTY - input is not a terminal" in capsys.readouterr().err
    os.close(writing)
    ours, theirs = pty.openpty()
    monkeypatch.setattr("sys.stdin", os.fdopen(theirs))
    assert terminal.usable(stdin=True, tty=True)
    os.close(ours)
