"""Owns every call of systemd, and the files of units that `mk8s install` made."""

from __future__ import annotations

import contextlib
import re
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from minikube8s.cluster.errors import ClusterError
from minikube8s.cluster.supervising import units
from minikube8s.cluster.supervising.units import Supervised
from minikube8s.kit.privatefiles import write_private

UNITS = Path("/etc/systemd/system")
_RUNS = Path("/run/systemd/system")
_WANTED = "multi-user.target.wants"
SECONDS = 60.0


def runs() -> bool:
    """Whether systemd is this machine's first process: see sd_booted(3)."""
    return _RUNS.is_dir()


def unit_of(pid_file: Path) -> str:
    """The name of the unit by which a daemon is run; "" where it is none."""
    found = (name for name, mark in ours() if mark.pid_file == pid_file)
    return next(found, "")


def units_of(home: Path) -> list[str]:
    """The names of the units that the cluster in a home has."""
    return [name for name, mark in ours() if mark.home == home]


def write(wanted: Sequence[Supervised]) -> list[str]:
    """Write units' files; returns the names of those that changed.

    Raises ClusterError, with nothing written, where a file is another cluster's or somebody else's.
    """
    version = _version()
    texts = {one.unit: units.text(one, version) for one in wanted}
    changed = []
    for one in wanted:
        before = _read(one.unit)
        mark = units.mark(before)
        if before and (mark is None or mark.pid_file != one.pid_file):
            whose = f"the cluster in {mark.home}" if mark else "somebody else"
            raise ClusterError(
                f"{UNITS / one.unit} is of {whose}: remove it (`mk8s uninstall` there), or make "
                "this cluster anew with another --name."
            )
        if before != texts[one.unit]:
            changed.append(one.unit)
    for name in changed:
        _write(name, texts[name])
    if changed or _has_older(texts):
        _call("daemon-reload")
    return changed


def remove(names: Iterable[str]) -> bool:
    """Remove units that no longer run; False where there were none."""
    gone = [name for name in names if (UNITS / name).exists()]
    for name in gone:
        (UNITS / _WANTED / name).unlink(missing_ok=True)
        (UNITS / name).unlink(missing_ok=True)
    if gone and runs():
        _call("daemon-reload")
        # what failed is remembered otherwise, with no file to it; it knows nothing of most
        with contextlib.suppress(ClusterError):
            _call("reset-failed", *gone)
    return bool(gone)


def enable(names: Iterable[str]) -> None:
    """Have units started when the machine boots."""
    missing = [name for name in names if not is_enabled(name)]
    if missing:
        _call("enable", "--quiet", *missing)


def disable(names: Iterable[str]) -> None:
    """Have units not started when the machine boots."""
    present = [name for name in names if is_enabled(name)]
    for name in present:
        (UNITS / _WANTED / name).unlink(missing_ok=True)
    if present and runs():
        _call("daemon-reload")


def is_enabled(name: str) -> bool:
    """Whether a unit is started when the machine boots."""
    return (UNITS / _WANTED / name).is_symlink()


def start(name: str) -> subprocess.Popen[bytes]:
    """Begin to start a unit: the process ends when it runs or has failed."""
    return subprocess.Popen(
        ["systemctl", "start", name],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def stop(name: str, seconds: float) -> None:
    """Stop a unit, and its attempts to start; systemd kills what does not end in its own time."""
    _call("stop", name, seconds=seconds)


def properties(name: str, *wanted: str) -> Mapping[str, str]:
    """What systemd knows of a unit."""
    said = _call("show", name, *(f"--property={one}" for one in wanted))
    return dict(line.partition("=")[::2] for line in said.splitlines())


def machine_ends() -> bool:
    """Whether the machine is about to be shut down or rebooted."""
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        done = subprocess.run(
            ["systemctl", "is-system-running"],
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        return done.stdout.strip() == "stopping"
    return False


def ours() -> Iterable[tuple[str, units.Mark]]:
    """The names of all units that `mk8s install` made, and whose they are."""
    for file in sorted(UNITS.glob("mk8s-*.service")):
        mark = units.mark(_read(file.name))
        if mark is not None:
            yield file.name, mark


def _version() -> int:
    """The number of systemd's version, 0 where it does not say."""
    found = re.match(r"\d+", _call("show", "--property=Version", "--value"))
    return int(found[0]) if found else 0


def _has_older(names: Iterable[str]) -> bool:
    """Whether systemd has not yet read a unit again that changed, as after a kill in between."""
    return "yes" in _call("show", "--property=NeedDaemonReload", "--value", *names).split()


def _read(name: str) -> str:
    try:
        return (UNITS / name).read_text(errors="replace")
    except OSError:
        return ""


def _write(name: str, text: str) -> None:
    try:
        write_private(UNITS / name, text.encode())
        # it holds no secret, and `systemctl cat` is anybody's
        (UNITS / name).chmod(0o644)
    except OSError as error:
        raise ClusterError(f"{UNITS / name} cannot be written: {error.strerror}.") from None


def _call(*words: str, seconds: float = SECONDS) -> str:
    try:
        done = subprocess.run(
            ["systemctl", *words], capture_output=True, text=True, timeout=seconds, check=False
        )
    except FileNotFoundError:
        raise ClusterError("There is no `systemctl` on this machine.") from None
    except subprocess.TimeoutExpired:
        raise ClusterError(
            f"systemd did not answer `systemctl {' '.join(words)}` within {seconds:.0f} s: see "
            "`systemctl list-jobs`, then run the command again."
        ) from None
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ["it did not say why"]
        raise ClusterError(f"systemd refuses `systemctl {' '.join(words)}`: {lines[-1]}")
    return done.stdout
