"""Owns the one way to start and stop a daemon: through systemd where it has a unit there.

What a daemon says of its start is heard from itself in both cases.
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from minikube8s.cluster.config import Home
from minikube8s.cluster.supervising import systemd, units
from minikube8s.cluster.supervising.daemons import (
    Daemon,
    LogEnd,
    ProcessStarting,
    Starting,
    end,
    outcome,
    too_slow,
)
from minikube8s.cluster.supervising.units import Supervised

_PATIENCE = 600.0
"""Seconds that a unit may take to stop, by its own rules."""


class Care(NamedTuple):
    """What systemd does for a daemon that has a unit."""

    unit: str
    runs: bool
    """False for a daemon that runs beside its unit, as after an `install` that was killed."""
    at_boot: bool


def begin(daemon: Daemon) -> Starting:
    """Start a daemon, and return at once. Raises ClusterError when it runs already."""
    unit = _unit(daemon)
    return UnitStarting(daemon, unit) if unit else ProcessStarting(daemon)


def stop(daemon: Daemon, seconds: float) -> bool:
    """Ask the daemon to end, kill it when it does not in time. False when it was not running."""
    ran = daemon.holder() is not None
    if unit := _unit(daemon):
        # also one that does not run at the moment: systemd may be about to start it again
        systemd.stop(unit, _PATIENCE)
    return end(daemon, seconds) or ran


def follow(home: Home, wanted: Callable[[], Sequence[Supervised]]) -> None:
    """Make the units of a home anew where it has any: its daemons may be others than they were."""
    if systemd.runs() and systemd.units_of(home.path):
        systemd.write(wanted())


def at_boot(home: Home, wanted: bool) -> None:
    """Have the units of a home started when the machine boots, or not; harmless without any."""
    (systemd.enable if wanted else systemd.disable)(systemd.units_of(home.path))


def care(daemon: Daemon) -> Care | None:
    """What systemd does for a daemon; None for one without a unit. Raises ClusterError."""
    unit, holder = _unit(daemon), daemon.holder()
    if not unit:
        return None
    main = systemd.properties(unit, "MainPID").get("MainPID") if holder else ""
    runs = holder is None or main == str(holder.pid)
    return Care(unit, runs, systemd.is_enabled(unit))


def remove(home: Home) -> None:
    """Stop and remove the units of a home, also of one that is damaged. Raises ClusterError."""
    names = systemd.units_of(home.path)
    for name in names if systemd.runs() else ():
        systemd.stop(name, _PATIENCE)
    systemd.remove(names)


def remove_one(daemon: Daemon) -> None:
    """Remove the unit of a daemon that was stopped; harmless without any."""
    systemd.remove([name for name in [systemd.unit_of(daemon.pid_file)] if name])


def _unit(daemon: Daemon) -> str:
    return systemd.unit_of(daemon.pid_file) if systemd.runs() else ""


class UnitStarting:
    """A daemon that systemd starts and that has not yet said that it serves."""

    def __init__(self, daemon: Daemon, unit: str) -> None:
        self.daemon = daemon
        self._unit = unit
        daemon.log.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._log = LogEnd(daemon.log)
        self._place = Path(units.ready_socket(daemon.pid_file))
        self._place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._place.unlink(missing_ok=True)
        self._channel = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        self._channel.bind(str(self._place))
        self._job = systemd.start(unit)

    def wait(self, seconds: float) -> None:
        """Return when the daemon serves. Raises ClusterError when it ended or took too long."""
        deadline = time.monotonic() + seconds
        try:
            said = self._heard(deadline)
        finally:
            self._close()
        if said is None:
            raise too_slow(self.daemon, seconds)
        outcome(self.daemon, said, self._log, self._unit)

    def leave(self) -> None:
        """Wait no more: it goes on by itself."""
        self._close()

    def cancel(self, seconds: float) -> None:
        """Stop the unit, however far it came: it would be started again and again otherwise."""
        self._close()
        systemd.stop(self._unit, _PATIENCE)

    def _heard(self, deadline: float) -> str | None:
        """What the daemon says; "" when it ended without a word, None when it took too long."""
        job = os.pidfd_open(self._job.pid)
        try:
            waited: list[int] = [self._channel.fileno(), job]
            while True:
                left = deadline - time.monotonic()
                ready = select.select(waited, [], [], max(left, 0))[0]
                if self._channel.fileno() in ready:
                    return self._channel.recv(4096).decode(errors="replace").strip()
                if not ready:
                    return None
                if self._job.wait():
                    return ""
                # it runs, and has not yet been told by the master what it is to do
                waited.remove(job)
        finally:
            os.close(job)

    def _close(self) -> None:
        self._channel.close()
        with contextlib.suppress(OSError):
            self._place.unlink(missing_ok=True)
        # its end is the system's to hear; the unit goes on without it
        self._job.poll()
