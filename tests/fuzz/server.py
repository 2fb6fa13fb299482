"""The API server as a process of its own, which watches itself while it is fuzzed.

Run as `python -m tests.fuzz.server DIRECTORY`: prints its port, then answers each line on stdin
with one line of JSON: to `look` what it saw since the last one, to `weigh` its memory.
"""

from __future__ import annotations

import asyncio
import ctypes
import gc
import json
import logging
import sys
import threading
import time
from pathlib import Path
from typing import Any, NamedTuple

from tests.api.apiserver import ApiServer
from tests.support.dialogues import EchoStreams


class Step(NamedTuple):
    """One step of the event loop that took long, in CPU seconds of its thread."""

    seconds: float
    what: str


class Watchdog:
    """Measures every step of the server's event loop by the CPU time of its thread.

    Not by the wall clock, so that a busy machine is not taken for a stall.
    """

    def __init__(self) -> None:
        self.worst = Step(0.0, "")
        run, handle = asyncio.Handle._run, asyncio.Handle

        def timed(step: asyncio.Handle) -> None:
            before = time.thread_time()
            run(step)
            took = time.thread_time() - before
            if took > self.worst.seconds:
                self.worst = Step(took, repr(step)[:2000])

        handle._run = timed  # type: ignore[method-assign]

    def take(self) -> Step:
        """Return the longest step since the last call."""
        worst, self.worst = self.worst, Step(0.0, "")
        return worst


class Complaints(logging.Handler):
    """Keeps what was logged as an error, with its traceback."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.setFormatter(logging.Formatter("%(name)s: %(message)s"))
        self._kept: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if len(self._kept) < 20:
            self._kept.append(self.format(record))

    def take(self) -> list[str]:
        """Return the complaints since the last call."""
        kept, self._kept = self._kept, []
        return kept


def resident() -> int:
    """Return the bytes of memory in use once everything that can be given back has been."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096


def main(directory: Path) -> None:
    complaints, watchdog = Complaints(), Watchdog()
    logging.getLogger().addHandler(complaints)
    threading.excepthook = lambda fault: logging.error("a thread ended: %r", fault.exc_value)
    api = ApiServer(directory)
    api.start()
    EchoStreams(api.pod_streams)
    watchdog.take()
    print(api.server.port, flush=True)
    for command in sys.stdin:
        answer: dict[str, Any]
        if command.strip() == "weigh":
            answer = {"resident": resident(), "streams": len(api.server._streams)}
        else:
            step = watchdog.take()
            answer = {"stall": step.seconds, "in": step.what, "errors": complaints.take()}
        print(json.dumps(answer), flush=True)
    api.stop()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
