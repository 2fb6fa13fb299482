"""The one error of the command line."""

from __future__ import annotations


class CommandError(Exception):
    """A sentence for the user, printed after ``prefix``; ``code`` is the exit code."""

    def __init__(self, message: str, code: int = 1, prefix: str = "error: ") -> None:
        super().__init__(prefix + message)
        self.code = code
