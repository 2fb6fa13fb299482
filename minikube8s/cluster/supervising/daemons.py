"""Owns starting and stopping the two daemons as processes of their own session with a log file.

A daemon says that it serves by closing its end of a pipe after writing one line; what it says
instead, or its last log lines when it dies, becomes the user's error. Knows nothing of what the
daemons do.
"""

from __future__ import annotations

import contextlib
import os
import select
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from minikube8s.cluster.errors import ClusterError
from minikube8s.cluster.supervising import processes
from minikube8s.kit import pidfile, readiness
from minikube8s.kit.pidfile import AlreadyRunning, Holder, PidFile

# glibc would keep what was freed: in an arena a thread, below thresholds that grow with use. The
# answer to a long list must stay below the first of these: mapped anew, it costs twice as much.
MEMORY = {
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_MMAP_THRESHOLD_": str(4 * 2**20),
    "MALLOC_TRIM_THRESHOLD_": str(2 * 2**20),
}
# The daemons trust the cluster's own authority alone. aiohttp reads the machine's hundred others
# when it is imported, which costs 2 MB and some of the start.
TRUST = {"SSL_CERT_FILE": os.devnull, "SSL_CERT_DIR": os.devnull}
ALWAYS = {**TRUST, "PYTHONUNBUFFERED": "1"}


@dataclass(frozen=True, slots=True)
class Daemon:
    """One daemon: what it is called, how it is run, where its pid file and log are."""

    name: str
    command: Sequence[str]
    pid_file: Path
    log: Path

    def holder(self) -> Holder | None:
        """The running process, or None."""
        return PidFile(self.pid_file).holder()


class Starting(Protocol):
    """A daemon that was started and has not yet said that it serves."""

    daemon: Daemon

    def wait(self, seconds: float) -> None:
        """Return when the daemon serves. Raises ClusterError when it ended or took too long."""

    def leave(self) -> None:
        """Wait no more: it goes on by itself."""

    def cancel(self, seconds: float) -> None:
        """End the process, however far it came; kill it when it does not end in time."""


class LogEnd:
    """The place up to which a log was written when a daemon was started."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._start = log.stat().st_size if log.exists() else 0

    def last_words(self) -> str:
        """The last line since."""
        lines: list[str] = []
        # who runs it may have it write elsewhere
        with contextlib.suppress(FileNotFoundError), self._log.open("rb") as log:
            log.seek(self._start)
            lines = log.read().decode(errors="replace").strip().splitlines()
        return lines[-1] if lines else "it printed nothing"


def outcome(daemon: Daemon, said: str, log: LogEnd, unit: str = "") -> None:
    """Raise ClusterError unless a daemon said that it serves: what it said, or logged last."""
    if said != readiness.READY:
        logs = f"{daemon.log}, `journalctl -u {unit}`" if unit else daemon.log
        raise ClusterError(
            said or f"The {daemon.name} ended at once: {log.last_words()} (log: {logs})"
        )


def too_slow(daemon: Daemon, seconds: float) -> ClusterError:
    """The sentence about a daemon that said nothing in time."""
    return ClusterError(
        f"The {daemon.name} did not start within {seconds:.0f} s; its log is {daemon.log}."
    )


class ProcessStarting:
    """A daemon that is a process of its own, started from here.

    Raises ClusterError when it runs already.
    """

    def __init__(self, daemon: Daemon) -> None:
        self.daemon = daemon
        daemon.log.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        pid_file = PidFile(daemon.pid_file)
        try:
            lock = pid_file.lock()
        except AlreadyRunning as error:
            raise ClusterError(str(error)) from None
        read, write = os.pipe()
        ours = {readiness.DESCRIPTOR: str(write), pidfile.DESCRIPTOR: str(lock)}
        self._log = LogEnd(daemon.log)
        with daemon.log.open("ab") as log:
            self._process = subprocess.Popen(
                daemon.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                cwd="/",
                pass_fds=(write, lock),
                env={**MEMORY, **os.environ, **ALWAYS, **ours},
            )
        pid_file.record(self._process.pid, lock)
        os.close(lock)
        os.close(write)
        self._pipe = read

    def wait(self, seconds: float) -> None:
        """Return when the daemon serves. Raises ClusterError when it ended or took too long."""
        deadline = time.monotonic() + seconds
        said = b""
        try:
            while not said.endswith(b"\n"):
                left = deadline - time.monotonic()
                if left <= 0 or not select.select([self._pipe], [], [], left)[0]:
                    self._process.kill()
                    raise too_slow(self.daemon, seconds)
                chunk = os.read(self._pipe, 4096)
                if not chunk:
                    break
                said += chunk
        finally:
            os.close(self._pipe)
        outcome(self.daemon, said.decode().strip(), self._log)

    def leave(self) -> None:
        """Wait no more: it goes on by itself."""
        os.close(self._pipe)

    def cancel(self, seconds: float) -> None:
        """End the process, however far it came; kill it when it does not end in time."""
        self._process.terminate()
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def end(daemon: Daemon, seconds: float) -> bool:
    """Ask the daemon to end, kill it when it does not in time. False when it was not running."""
    holder = daemon.holder()
    if holder is None:
        return False
    try:
        return processes.end(holder.pid, lambda: daemon.holder() == holder, seconds)
    except processes.HangsError:
        raise ClusterError(
            f"The {daemon.name} (process {holder.pid}) does not end, not even when killed: it "
            "hangs in the kernel. See `dmesg`, then try again."
        ) from None
