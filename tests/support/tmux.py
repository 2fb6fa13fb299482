"""A program in a terminal of tmux: keys go in, and what a person would see is read back.

Each screen is a tmux server of its own, on a socket that nobody else knows, without anybody's
configuration. A test waits for what is shown, with a deadline.
"""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from tests.support.wait import until

_CONFIGURATION = """
set -g default-shell /bin/sh
set -g default-terminal screen-256color
set -g escape-time 0
set -g history-limit 5000
set -g remain-on-exit on
set -g remain-on-exit-format ""
set -g status off
"""
_COMMAND_SECONDS = 20


class Screen:
    """A terminal and the program in it; made by :func:`opened`."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self._socket = folder / "tmux"
        self._environment = dict(environment)

    def start(self, words: Sequence[str], columns: int, lines: int) -> None:
        """Run ``words``; once."""
        configuration = self._socket.with_name("tmux.conf")
        configuration.write_text(_CONFIGURATION)
        size = ["-x", str(columns), "-y", str(lines)]
        program = f"exec {shlex.join(words)}"
        self._tmux("-f", str(configuration), "new-session", "-d", "-s", "test", *size, program)

    def type(self, text: str) -> None:
        """Type ``text`` as it is; no Enter follows."""
        self._tmux("send-keys", "-l", "--", text)

    def press(self, *keys: str) -> None:
        """Press keys by tmux's names: ``Enter``, ``C-c``, ``Up``, ``Escape``, ``q``."""
        self._tmux("send-keys", *keys)

    def enter(self, text: str) -> None:
        """Type a line and press Enter."""
        self.type(text)
        self.press("Enter")

    def resize(self, columns: int, lines: int) -> None:
        """Give the terminal another size; the program is told as by any terminal."""
        self._tmux("resize-window", "-x", str(columns), "-y", str(lines))

    def text(self, *, history: bool = False, colours: bool = False) -> str:
        """What is shown: one line a row without the blanks at its end, no empty rows at the end.

        ``history`` adds what has scrolled away, ``colours`` the escape sequences of colours.
        """
        words = ["capture-pane", "-p", *(["-S", "-"] if history else []), *(["-e"] * colours)]
        return "\n".join(line.rstrip() for line in self._tmux(*words).splitlines()).rstrip("\n")

    def wait_for(self, pattern: str, seconds: float = 60) -> re.Match[str]:
        """The match of ``pattern`` (a regular expression, ``^`` and ``$`` at rows), once shown."""

        def found() -> re.Match[str] | None:
            shown = self.text()
            match = re.search(pattern, shown, re.MULTILINE)
            assert match, shown
            return match

        match = until(f"{pattern!r} is shown", found, seconds)
        assert match
        return match

    def wait_gone(self, pattern: str, seconds: float = 60) -> None:
        """Return when nothing on the screen matches ``pattern`` any more."""
        until(
            f"{pattern!r} is gone",
            lambda: not re.search(pattern, self.text(), re.MULTILINE),
            seconds,
        )

    def exit_code(self, seconds: float = 60) -> int:
        """The program's exit code, once it has ended; its last words stay on the screen."""

        def code() -> tuple[int] | None:
            dead, status, end, server = self._of_pane(
                "pane_dead", "pane_dead_status", "pane_dead_signal", "pid"
            )
            assert dead == "1", self.text()
            if not status and not end:
                # tmux now and then misses that its child has ended, and looks when it is told again
                os.kill(int(server), signal.SIGCHLD)
            return (128 + int(end) if end else int(status),)

        found = until("the program ends", code, seconds)
        assert found
        return found[0]

    def cursor_is_shown(self) -> bool:
        """Whether the terminal shows its cursor (a program may have hidden it)."""
        return self._of_pane("cursor_flag") == ["1"]

    def is_raw(self) -> bool:
        """Whether keys go to the program unread, and what is typed is not shown by the kernel."""
        [terminal] = self._of_pane("pane_tty")
        modes = subprocess.run(
            ["stty", "-a", "-F", terminal], capture_output=True, text=True, check=True
        ).stdout.split()
        return "-icanon" in modes and "-echo" in modes

    def close(self) -> None:
        """End the program and the terminal."""
        with contextlib.suppress(AssertionError):
            self._tmux("kill-server")

    def _of_pane(self, *names: str) -> list[str]:
        form = "|".join(f"#{{{name}}}" for name in names)
        return self._tmux("display-message", "-p", "-t", "test", form).rstrip("\n").split("|")

    def _tmux(self, *words: str) -> str:
        done = subprocess.run(
            ["tmux", "-u", "-S", str(self._socket), *words],
            env=self._environment, capture_output=True, text=True, check=False,
            timeout=_COMMAND_SECONDS,
        )  # fmt: skip
        assert done.returncode == 0, f"tmux {words}: {done.stderr}"
        return done.stdout


@contextlib.contextmanager
def opened(
    words: Sequence[str], environment: Mapping[str, str], *, columns: int = 100, lines: int = 30
) -> Iterator[Screen]:
    """A terminal in which ``words`` run with ``environment``; both are gone after the block.

    A shell to type into: ``opened(SHELL, cluster.environment)``.
    """
    with tempfile.TemporaryDirectory(prefix="tmux") as folder:
        given = {name: value for name, value in environment.items() if name != "TMUX"}
        screen = Screen(Path(folder), given | {"LC_ALL": "C.UTF-8", "PS1": "$ "})
        try:
            screen.start(words, columns, lines)
            yield screen
        finally:
            screen.close()


SHELL = ("bash", "--noprofile", "--norc", "-i")
"""A shell whose prompt is ``$ ``."""
