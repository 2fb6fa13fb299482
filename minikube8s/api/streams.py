"""What exec, attach and port-forward exchange: pieces of output, and how it ended. Pure.

Owns the Status that tells a command's exit code, which travels from the agent to the client.
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

Object = dict[str, Any]

EXIT_REASON = "NonZeroExitCode"
EXIT_CAUSE = "ExitCode"


class Piece(NamedTuple):
    """Bytes that a container wrote. A terminal and a forwarded port have `stdout` only."""

    stream: Literal["stdout", "stderr"]
    data: bytes


def success() -> Object:
    """Return the v1.Status of a stream that came to its end."""
    return _status("Success")


def exited(code: int) -> Object:
    """Return the v1.Status of a command that ended with `code`."""
    if code == 0:
        return success()
    return _status(
        "Failure",
        message=f"command terminated with non-zero exit code: exit status {code}",
        reason=EXIT_REASON,
        details={"causes": [{"reason": EXIT_CAUSE, "message": str(code)}]},
        code=500,
    )


def exit_code(status: Object) -> int | None:
    """Return the exit code that a Status tells, 0 for success, None for another failure."""
    if status.get("status") == "Success":
        return 0
    if status.get("reason") == EXIT_REASON:
        for cause in (status.get("details") or {}).get("causes") or ():
            text = str(cause.get("message", ""))
            if cause.get("reason") == EXIT_CAUSE and text.isdecimal():
                return int(text)
    return None


def _status(status: str, **fields: Any) -> Object:
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": status, **fields}
