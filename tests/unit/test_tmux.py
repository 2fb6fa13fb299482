"""The terminals in which interactive parts are tried: tests/support/tmux.py."""

from __future__ import annotations

import os
import shutil

import pytest

from tests.support import tmux
from tests.support.wait import until

pytestmark = pytest.mark.skipif(not shutil.which("tmux"), reason="tmux is not installed")


def test_a_screen_shows_what_is_typed_and_printed_and_follows_its_size():
    with tmux.opened(tmux.SHELL, os.environ, columns=70, lines=20) as screen:
        screen.wait_for(r"^\$ $|^\$$")
        screen.enter("stty size; printf '\\033[31mred\\033[0m\\n'")
        screen.wait_for(r"^20 70$")
        screen.wait_for(r"^red$")
        assert "\x1b[31mred" in screen.text(colours=True)
        screen.resize(90, 25)
        screen.enter("clear; stty size")
        screen.wait_for(r"^25 90$")


def test_a_screen_tells_how_its_program_ended_and_left_the_terminal():
    with tmux.opened(
        ["sh", "-c", "tput civis; stty raw -echo; read x; exit 7"], os.environ
    ) as screen:
        until("the terminal is raw", screen.is_raw)
        assert not screen.cursor_is_shown()
        screen.press("C-j")
        assert screen.exit_code() == 7
    with tmux.opened(["sleep", "1000"], os.environ) as screen:
        assert not screen.is_raw()
        screen.press("C-c")
        assert screen.exit_code() == 130
