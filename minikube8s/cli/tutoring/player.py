"""Runs a step's command as the reader would, in the folder of the files and in the namespace."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from minikube8s.cli.errors import CommandError

_SECONDS = 300.0
_CURL = (
    "--silent", "--show-error", "--max-time", "5",
    "--retry", "5", "--retry-connrefused", "--retry-max-time", "15",
)  # fmt: skip
_LOCAL_EDITOR = "vi"
_PATHS = ("home", "kubeconfig", "client_certificate", "client_key", "certificate_authority")
"""Flags with a path: commands run in another folder than the one that it is meant from."""


class Player:
    """Runs commands; `flags` are those that say which cluster is meant."""

    def __init__(self, flags: Mapping[str, Any], namespace: str, folder: Path) -> None:
        self._flags = [word for name, value in flags.items() for word in _flag(name, value)]
        self._namespace = namespace
        self._folder = folder

    def run(self, command: str, editor: str = "") -> int:
        """The exit code of the command, which has the terminal. Raises CommandError."""
        return self._process(command, editor, {}).returncode

    def quietly(self, command: str, editor: str = "") -> None:
        """Run it without a word. Raises CommandError with its last words when it fails or hangs."""
        streams = {
            "stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT,
            "text": True, "timeout": _SECONDS,
        }  # fmt: skip
        try:
            done = self._process(command, editor, streams)
        except subprocess.TimeoutExpired:
            raise CommandError(f"`{command}` did not end within {_SECONDS:.0f} s") from None
        if done.returncode != 0:
            said = str(done.stdout).strip().rpartition("\n")[2]
            raise CommandError(f"`{command}` failed: {said.removeprefix('error: ')}")

    def typed(self, command: str, lines: Sequence[str]) -> int:
        """The exit code of the command, with `lines` typed into it. Raises CommandError."""
        from minikube8s.cli.tutoring.dialogue import converse

        def show(data: bytes) -> None:
            sys.stdout.buffer.write(data)
            sys.stdout.flush()

        code, _ = converse(
            self.words(command), lines, folder=self._folder, environment=self._environment(""),
            seconds=_SECONDS, show=show,
        )  # fmt: skip
        return code

    def words(self, command: str) -> list[str]:
        """The command as it is really run: which namespace and cluster it means stands in it."""
        program, *rest = shlex.split(command)
        if program == "mk8s":
            place = ["-n", self._namespace] if self._namespace else []
            return [_mk8s(), *place, *self._flags, *rest]
        if program == "curl":
            return [program, *_CURL, *rest]
        return [program, *rest]

    def _process(
        self, command: str, editor: str, streams: Mapping[str, Any]
    ) -> subprocess.CompletedProcess[Any]:
        words = self.words(command)
        sys.stdout.flush()
        try:
            return subprocess.run(
                words, cwd=self._folder, env=self._environment(editor), check=False, **streams
            )
        except OSError as error:
            raise CommandError(
                f"{words[0]} does not start ({error.strerror}): have it installed, or skip the step"
            ) from None

    def _environment(self, editor: str) -> dict[str, str]:
        found = dict(os.environ)
        for name in ("KUBECONFIG", "MK8S_HOME"):
            if name in found:
                paths = (one and str(Path(one).absolute()) for one in found[name].split(os.pathsep))
                found[name] = os.pathsep.join(paths)
        return {**found, **({"EDITOR": editor, "KUBE_EDITOR": editor} if editor else {})}


def has_editor() -> bool:
    """Whether there is an editor that `mk8s edit` would open."""
    chosen = os.environ.get("KUBE_EDITOR") or os.environ.get("EDITOR")
    return bool(chosen) or shutil.which(_LOCAL_EDITOR) is not None


def _mk8s() -> str:
    """This very program."""
    started = Path(sys.argv[0])
    if started.name == "mk8s" and started.exists():
        return str(started.resolve())
    return str(Path(sys.executable).with_name("mk8s"))


def _flag(name: str, value: Any) -> list[str]:
    if name == "namespace" or value in (None, False, ()):
        return []
    flag = f"--{name.strip('_').replace('_', '-')}"
    if value is True:
        return [flag]
    if name in _PATHS:
        value = Path(value).absolute()
    values = value if isinstance(value, (tuple, list)) else (value,)
    return [f"{flag}={one}" for one in values]
