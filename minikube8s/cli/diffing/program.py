"""Owns the program that compares two folders: KUBECTL_EXTERNAL_DIFF, else `diff`."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from minikube8s.cli import endings
from minikube8s.cli.errors import CommandError
from minikube8s.cli.output import styles

TROUBLE = 2
"""The exit code of diff where it could not compare; 1 says that there are differences."""


def compare(texts: Mapping[str, tuple[str | None, str | None]]) -> int:
    """Show how each file's two texts differ; the program's exit code. Raises CommandError."""
    with (
        endings.raised(),
        tempfile.TemporaryDirectory(prefix="LIVE-") as live,
        tempfile.TemporaryDirectory(prefix="MERGED-") as merged,
    ):
        for name, versions in texts.items():
            for folder, text in zip((live, merged), versions, strict=True):
                if text is not None:
                    Path(folder, name).write_text(text, encoding="utf-8")
        words = _words()
        try:
            done = subprocess.run([*words, live, merged], check=False)
        except OSError as error:
            why = error.strerror
            if isinstance(error, FileNotFoundError):
                why = "executable file not found in $PATH"
            raise CommandError(
                f'failed to run "{words[0]}": {why}; KUBECTL_EXTERNAL_DIFF names the program',
                TROUBLE,
            ) from None
    return done.returncode


def _words() -> list[str]:
    given = os.environ.get("KUBECTL_EXTERNAL_DIFF", "")
    try:
        words = shlex.split(given)
    except ValueError as error:
        raise CommandError(
            f"KUBECTL_EXTERNAL_DIFF is no line of a shell: {given}: {error}", TROUBLE
        ) from None
    if words:
        return words
    colour = ["--color=always"] if styles.colourful() and shutil.which("diff") else []
    return ["diff", "-u", "-N", *colour]
