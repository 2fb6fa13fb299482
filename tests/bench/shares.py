"""Where the master's processor time goes: sampled by py-spy while it is under load.

A sample belongs to the innermost Python frame, so what C code does counts for who called it.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from sys import executable

RATE = 250
"""Samples a second."""
_ROOMS = (
    ("minikube8s/store/", "store"),
    ("minikube8s/", "mk8s"),
    ("aiohttp/", "aiohttp"),
    ("ssl", "TLS and event loop"),
    ("asyncio/", "TLS and event loop"),
    ("selectors", "TLS and event loop"),
)
_ASLEEP = ("select (selectors.py", "_take (minikube8s/store/sqlite.py")


@contextmanager
def sampled(pid: int, seconds: float) -> Iterator[Counter[str]]:
    """Fill the counter, when the block is left, with samples a room of the code."""
    counts: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "stacks"
        command = [
            *(str(Path(executable).with_name("py-spy")), "record", "--pid", str(pid)),
            *("--format", "raw", "--rate", str(RATE), "--duration", str(int(seconds))),
            *("--nonblocking", "--output", str(out)),
        ]
        spy = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            yield counts
        finally:
            spy.wait(timeout=seconds + 30)
        for line in out.read_text().splitlines():
            stack, _, samples = line.rpartition(" ")
            innermost = stack.rpartition(";")[2]
            if not any(place in innermost for place in _ASLEEP):
                counts[_room(innermost)] += int(samples)


def told(counts: Counter[str]) -> str:
    """The shares in words, the largest first."""
    total = sum(counts.values()) or 1
    return ", ".join(f"{room} {count / total:.0%}" for room, count in counts.most_common())


def _room(frame: str) -> str:
    place = frame.rpartition(" (")[2]
    return next((room for start, room in _ROOMS if place.startswith(start)), "standard library")
