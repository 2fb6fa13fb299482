"""Owns the user's editor and the file that it is given."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import tempfile
from pathlib import Path

from minikube8s.cli.errors import CommandError


def written(text: str, form: str, *, windows: bool = False) -> Path:
    """A new file with ``text`` that only its user can read; whoever asks removes it."""
    handle, name = tempfile.mkstemp(prefix="mk8s-edit-", suffix=f".{form}")
    ending = "\r\n" if windows else "\n"
    with os.fdopen(handle, "w", encoding="utf-8", newline=ending) as file:
        file.write(text)
    return Path(name)


def opened(file: Path) -> str:
    """The text of ``file`` after its user has edited it. Raises CommandError."""
    editor = os.environ.get("KUBE_EDITOR") or os.environ.get("EDITOR") or "vi"
    # Ctrl-C is the editor's: it may mean something else there
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        code = subprocess.run([*shlex.split(editor), str(file)], check=False).returncode
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise CommandError(
            f'unable to launch the editor "{editor}" ({why}): set KUBE_EDITOR or EDITOR to one '
            "that is installed"
        ) from None
    finally:
        signal.signal(signal.SIGINT, before)
    if code == -signal.SIGINT:
        raise KeyboardInterrupt
    if code != 0:
        raise CommandError(
            f'there was a problem with the editor "{editor}": it ended with code {code}, and '
            "nothing was changed"
        )
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"what the editor left in {file} cannot be read: {error}") from None
