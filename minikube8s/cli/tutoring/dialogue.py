"""Types into a command on a pseudo-terminal, as a person would: each line at a prompt.

For whoever is not there: `mk8s tutorial --yes`, and the script that writes the docs.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from minikube8s.cli.errors import CommandError

_ESCAPES = re.compile(rb"\x1b\[[0-9;?]*[A-Za-z]")
_PROMPT = re.compile(rb"[#$] $")
_BLANKS = re.compile(rb"\s")
_NUDGE = b"pressing enter"
_NUDGE_SECONDS = 2.0
_END_SECONDS = 5.0


def converse(
    words: Sequence[str],
    typed: Sequence[str],
    *,
    folder: Path,
    environment: Mapping[str, str],
    seconds: float,
    show: Callable[[bytes], object] = lambda _: None,
    columns: int = 100,
) -> tuple[int, str]:
    """The exit code and all that was seen, as plain text; `show` gets it as it comes.

    With nothing to type it reads to the end. Raises CommandError after `seconds`.
    """
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 30, columns, 0, 0))
    try:
        process = subprocess.Popen(
            words, cwd=folder, env=environment, start_new_session=True,
            stdin=theirs, stdout=theirs, stderr=theirs,
        )  # fmt: skip
    except OSError as error:
        os.close(ours)
        raise CommandError(f"{words[0]} does not start: {error.strerror}") from None
    finally:
        os.close(theirs)
    try:
        seen = _talk(ours, typed, time.monotonic() + seconds, show)
        return process.wait(_END_SECONDS), _plain(seen)
    except (TimeoutError, subprocess.TimeoutExpired):
        raise CommandError(f"`{' '.join(words)}` did not end within {seconds:.0f} s") from None
    finally:
        os.close(ours)
        if process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _talk(
    terminal: int, typed: Sequence[str], deadline: float, show: Callable[[bytes], object]
) -> bytes:
    """Read to the end, typing the lines; returns what was seen. Raises TimeoutError."""
    seen = b""
    lines = [line.encode() + b"\r" for line in typed]
    answered, last = 0, b""
    """How much had been seen when the last line was typed, and that line."""
    while True:
        pause = _NUDGE_SECONDS if _NUDGE in seen and not answered else deadline - time.monotonic()
        ready, _, _ = select.select([terminal], [], [], max(min(pause, _END_SECONDS), 0))
        if ready:
            try:
                data = os.read(terminal, 65536)
            except OSError:
                return seen
            if not data:
                return seen
            show(data)
            seen += data
        elif time.monotonic() > deadline:
            raise TimeoutError
        elif _NUDGE in seen and not answered and lines:
            os.write(terminal, b"\r")
        if lines and _asks(_ESCAPES.sub(b"", seen[answered:]), last):
            answered, last = len(seen), lines.pop(0)
            os.write(terminal, last)


def _asks(seen: bytes, last: bytes) -> bool:
    """Whether a prompt waits for more than `last`: shells draw theirs again, as on a new size."""
    echoed = _BLANKS.sub(b"", last) in _BLANKS.sub(b"", seen)
    return bool(_PROMPT.search(seen)) and echoed and (not last or b"\n" in seen)


def _plain(seen: bytes) -> str:
    """What stands on the lines in the end: a return takes what is typed over what was there."""
    lines = _ESCAPES.sub(b"", seen).decode(errors="replace").split("\n")
    return "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in lines)
