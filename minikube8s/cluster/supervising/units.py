"""Owns what systemd is told of the daemons: names and texts of their units. Pure.

https://www.freedesktop.org/software/systemd/man/latest/systemd.service.html
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from minikube8s.kit import readiness

DEFAULT_CLUSTER = "mk8s"
_RUN = "/run/mk8s"
_START_SECONDS = 120
_RESTART_SECONDS, _LONGEST_PAUSE = 2, 30
_PAUSES = 5
"""So many pauses of a daemon that cannot start, each longer than the one before."""
_GROWING = 254
"""The first version of systemd whose pauses grow."""
_FILES = 1048576
_GROWTH = [f"RestartSteps={_PAUSES}", f"RestartMaxDelaySec={_LONGEST_PAUSE}"]
_OURS = "[X-mk8s]"
"""systemd passes over sections of such names: what we must know of a unit again stands there."""


@dataclass(frozen=True, slots=True)
class Supervised:
    """One daemon as systemd has to know it; `before` and `at_stop` are run around its life."""

    cluster: str
    daemon: str
    home: Path
    command: Sequence[str]
    pid_file: Path
    log: Path
    remembered: Path
    """The file that says what the cluster is: without it there is nothing to start."""
    environment: Mapping[str, str]
    stop_seconds: int
    before: Sequence[str] = ()
    at_stop: Sequence[str] = ()
    after: Sequence[str] = ()
    """Daemons of the same cluster that start before it and end after it."""
    local_engine: bool = False
    """Whether it needs the Docker engine that systemd runs here."""

    @property
    def unit(self) -> str:
        """The unit's name."""
        return name(self.cluster, self.daemon)


@dataclass(frozen=True, slots=True)
class Mark:
    """Whose a unit is: the daemon with that pid file, of the cluster in that directory."""

    home: Path
    pid_file: Path


def name(cluster: str, daemon: str) -> str:
    """The name of a daemon's unit: `mk8s-master.service`, `mk8s-CLUSTER-agent-NODE.service`."""
    words = ["mk8s", daemon] if cluster == DEFAULT_CLUSTER else ["mk8s", cluster, daemon]
    return f"{'-'.join(words)}.service"


def ready_socket(pid_file: Path) -> str:
    """Where whoever starts a daemon through systemd hears it. Short: such names are limited."""
    return f"{_RUN}/{hashlib.sha256(str(pid_file).encode()).hexdigest()[:16]}"


def text(one: Supervised, version: int = 0) -> str:
    """The unit's file for systemd of that version, 0 for one of which it is not known."""
    engine = ["docker.service"] if one.local_engine else []
    earlier = [name(one.cluster, daemon) for daemon in one.after]
    environment = {**one.environment, readiness.SOCKET: ready_socket(one.pid_file)}
    lines = [
        "# Made by `mk8s install`, which makes it anew: change it with `systemctl edit`.",
        "[Unit]",
        f"Description={one.daemon} of the mk8s cluster {one.cluster}",
        f"Wants={' '.join(['network-online.target', *engine])}",
        f"After={' '.join(['network-online.target', *engine, *earlier])}",
        f"RequiresMountsFor={quoted(str(one.home))}",
        f"ConditionPathExists={_plain(str(one.remembered))}",
        # it is never given up: a master may be away for long
        "StartLimitIntervalSec=0",
        "",
        "[Service]",
        "Type=notify",
        *(f"Environment={quoted(f'{key}={value}')}" for key, value in environment.items()),
        *([f"ExecStartPre={_command(one.before)}"] if one.before else []),
        f"ExecStart={_command(one.command)}",
        *([f"ExecStop={_command(one.at_stop)}"] if one.at_stop else []),
        "Restart=always",
        f"RestartSec={_RESTART_SECONDS}",
        *(_GROWTH if version >= _GROWING else []),
        f"TimeoutStartSec={_START_SECONDS}",
        f"TimeoutStopSec={one.stop_seconds}",
        # its children end with it; the pods' containers are the engine's, and stay
        "KillMode=control-group",
        "OOMPolicy=continue",
        "WorkingDirectory=/",
        f"LimitNOFILE={_FILES}",
        "TasksMax=infinity",
        f"StandardOutput=append:{_plain(str(one.log))}",
        f"StandardError=append:{_plain(str(one.log))}",
        "",
        "[Install]",
        "WantedBy=multi-user.target",
        "",
        _OURS,
        f"Home={one.home}",
        f"PidFile={one.pid_file}",
        "",
    ]
    return "\n".join(lines)


def mark(content: str) -> Mark | None:
    """Whose unit a file is; None for one that `mk8s install` did not make."""
    _, found, ours = content.partition(f"\n{_OURS}\n")
    told = dict(line.partition("=")[::2] for line in ours.splitlines())
    if not found or not told.get("Home") or not told.get("PidFile"):
        return None
    return Mark(Path(told["Home"]), Path(told["PidFile"]))


def quoted(word: str) -> str:
    """A word of a unit's file that may have spaces, quotes, `%` and backslashes."""
    return f'"{_plain(word).replace(chr(92), chr(92) * 2).replace(chr(34), chr(92) + chr(34))}"'


def _plain(path: str) -> str:
    return path.replace("%", "%%")


def _command(words: Sequence[str]) -> str:
    # none of the words is a variable, and the first is not even looked at for one
    program, *arguments = words
    return " ".join([quoted(program), *(quoted(word).replace("$", "$$") for word in arguments)])
