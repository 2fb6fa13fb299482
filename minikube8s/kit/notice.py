"""A sentence that a daemon leaves beside its state for whoever asks how it is."""

from __future__ import annotations

from pathlib import Path


def leave(directory: Path, sentence: str) -> None:
    """Replace the notice; an empty sentence removes it. Raises OSError."""
    file = directory / "notice"
    if not sentence:
        file.unlink(missing_ok=True)
        return
    new = file.with_name("notice.new")
    new.write_text(sentence)
    new.replace(file)


def read(directory: Path) -> str:
    """The sentence, empty when there is none or it cannot be read."""
    try:
        return (directory / "notice").read_text(errors="replace")
    except OSError:
        return ""
