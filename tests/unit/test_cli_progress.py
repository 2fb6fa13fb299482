"""Progress is drawn in place on a terminal, and nowhere else."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minikube8s.cli.output.progress import amount, bar, fitted
from minikube8s.cli.output.styles import columns

_DRAW = """
from minikube8s.cli.output import progress
with progress.watched() as lines:
    lines.show(["one", "two"])
    lines.say("said")
    lines.show(["three"])
    {then}
"""
DEADLINE = 20.0


def _terminal(then: str, columns: int = 40) -> str:
    """What a terminal is sent, and what it then shows, of a program that draws."""
    import fcntl
    import struct
    import termios

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 10, columns, 0, 0))
    program = subprocess.Popen(
        [sys.executable, "-c", _DRAW.format(then=then)],
        stdout=theirs,
        stderr=theirs,
        stdin=theirs,
        env=os.environ | {"TERM": "xterm"},
    )
    os.close(theirs)
    sent = b""
    try:
        while block := os.read(ours, 4096):
            sent += block
    except OSError:
        pass
    program.wait(DEADLINE)
    os.close(ours)
    return sent.decode()


def _screen(sent: str) -> list[str]:
    """The lines that a terminal shows after it was sent this: newlines, up, return, erase."""
    lines, row = [""], 0
    for part in re.split(r"(\x1b\[\d*[AJ]|\r\n|\r)", sent):
        if part == "\r\n":
            row += 1
            lines += [""] * (row + 1 - len(lines))
        elif part.endswith("A") and part.startswith("\x1b"):
            row -= int(part[2:-1])
        elif part.endswith("J") and part.startswith("\x1b"):
            lines = [*lines[:row], ""]
        elif part != "\r":
            lines[row] += part
    return [line for line in lines if line]


def test_what_is_said_stays_and_what_is_drawn_goes() -> None:
    sent = _terminal("pass")
    assert "one" in sent and "three" in sent
    assert _screen(sent) == ["said"]


def test_an_interrupt_leaves_nothing_drawn() -> None:
    sent = _terminal("raise SystemExit(130)")
    assert _screen(sent) == ["said"]


def test_while_it_lasts_the_newest_lines_stand_below_what_was_said() -> None:
    sent = _terminal("import os; os._exit(0)")
    assert _screen(sent) == ["said", "three"]


def test_a_long_line_is_cut_so_that_it_never_folds() -> None:
    for text, shown in (
        ("x" * 100, "x" * 18),
        ("가" * 100, "가" * 9),
        ("x\ty" * 9, "x       yx      yx"),
    ):
        sent = _terminal(f"lines.show([{text!r}]); import os; os._exit(0)", columns=20)
        assert _screen(sent)[-1] == f"{shown}…"


def test_a_pipe_sees_only_what_is_said(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _DRAW.format(then="pass")],
        capture_output=True,
        text=True,
        check=True,
        timeout=DEADLINE,
    )
    assert (done.stdout, done.stderr) == ("said\n", "")


@given(st.text("abc가😀", max_size=30), st.integers(1, 40))
def test_a_fitted_line_has_at_most_the_width_and_keeps_its_colours(text: str, width: int) -> None:
    coloured = f"\x1b[32m{text}\x1b[0m"
    cut = fitted(coloured, width)
    plain = re.sub(r"\x1b\[[0-9;]*m", "", cut)
    assert columns(plain) <= width
    assert "\x1b[32m" in cut and "\x1b[0m" in cut
    if plain != text:
        assert columns(plain) >= width - 1
        assert text.startswith(plain.removesuffix("…"))


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (34_500_000, "34.5 MB"),
        (999_999, "1.0 MB"),
        (123_456_789, "123 MB"),
        (5_000_000_000_000_000, "5000 TB"),
    ],
)
def test_bytes_are_told_in_three_figures(count: int, said: str) -> None:
    assert amount(count) == said


@pytest.mark.parametrize(
    ("done", "total", "drawn"),
    [
        (0, 10, "[----]"),
        (5, 10, "[##--]"),
        (10, 10, "[####]"),
        (99, 10, "[####]"),
        (1, 0, "[----]"),
    ],
)
def test_a_bar_shows_the_share_that_is_done(done: int, total: int, drawn: str) -> None:
    assert bar(done, total, 4) == drawn
