"""The one error of the command line: what is printed after `error: ` before exit code 1."""

from __future__ import annotations


class CommandError(Exception):
    """A sentence for the user; ``code`` is the exit code."""

    def __init__(self, message: str, code: int = 1) -> None:
        super().__init__(message)
        self.code = code
