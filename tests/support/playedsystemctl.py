"""A machine that systemd runs, as far as `systemctl` tells: it is played."""

from __future__ import annotations

from pathlib import Path

import pytest

from minikube8s.cluster.supervising import systemd


class Systemctl:
    """What it was asked, and what it answers next; `units` is the folder of units."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        programs, self.units, self.runs = (folder / name for name in ("bin", "units", "runs"))
        for place in (programs, self.units, self.runs):
            place.mkdir()
        self._log, self._answer = programs / "log", programs / "answer"
        program = programs / "systemctl"
        program.write_text(f'#!/bin/sh\necho "$*" >>{self._log}\n. {self._answer}\n')
        program.chmod(0o755)
        monkeypatch.setattr(systemd, "UNITS", self.units)
        monkeypatch.setattr(systemd, "_RUNS", self.runs)
        monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
        self.answers("")

    def answers(self, line: str) -> None:
        """From now on it does what that line of a shell says."""
        self._answer.write_text(f"{line}\n")

    def asked(self) -> list[str]:
        """What it was asked since this was asked last."""
        lines = self._log.read_text().splitlines() if self._log.exists() else []
        self._log.unlink(missing_ok=True)
        return lines

    def enabled(self, name: str) -> Path:
        """Have a unit started at boots, as `systemctl enable` does."""
        link = self.units / "multi-user.target.wants" / name
        link.parent.mkdir(exist_ok=True)
        link.symlink_to(self.units / name)
        return link
