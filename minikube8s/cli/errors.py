"""The one error of the command line."""

from __future__ import annotations

from minikube8s.cli.output.escapes import harmless


class CommandError(Exception):
    """A sentence for the user, printed after ``prefix``; ``code`` is the exit code."""

    def __init__(self, message: str, code: int = 1, prefix: str = "error: ") -> None:
        # a message may hold words of a cluster
        super().__init__(harmless(prefix + message))
        self.code = code
