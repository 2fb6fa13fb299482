"""Going on with a log after its connection was lost, without a line twice or lost. Pure."""

from __future__ import annotations

import re

_TIME = re.compile(rb"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d) ")
_NANOSECONDS = 9


class Resume:
    """Takes lines with their times, as the server gives them with ``timestamps``.

    Lines of one instant are counted, because many can have the same time.
    """

    def __init__(self, *, keep_times: bool) -> None:
        self._keep_times = keep_times
        self._last: tuple[bytes, bytes] | None = None
        self._zone = b"Z"
        self._count = 0
        self._known: tuple[tuple[bytes, bytes], int] | None = None

    def line(self, line: bytes) -> bytes | None:
        """The line as it is shown; None for one that was shown before."""
        match = _TIME.match(line)
        if match is None:
            return line
        time = (match[1], (match[2] or b"").ljust(_NANOSECONDS, b"0"))
        if self._known is not None:
            before, left = self._known
            if time < before or (time == before and left):
                self._known = (before, left - (time == before))
                return None
        self._count = self._count + 1 if time == self._last else 1
        self._last, self._zone = time, match[3]
        return line if self._keep_times else line[match.end() :]

    def again(self) -> str | None:
        """From when to ask again (RFC 3339, whole seconds); None when no line was seen."""
        if self._last is None:
            return None
        self._known = (self._last, self._count)
        return (self._last[0] + self._zone).decode()


class Lines:
    """Cuts what is read into whole lines, each with its end."""

    LONGEST = 16 * 1024 * 1024
    """A line that is longer is given in pieces: it must not fill the memory."""

    def __init__(self) -> None:
        self._pending = b""

    def feed(self, block: bytes) -> list[bytes]:
        """The lines that ``block`` completes."""
        *whole, self._pending = (self._pending + block).split(b"\n")
        lines = [line + b"\n" for line in whole]
        if len(self._pending) > self.LONGEST:
            lines.append(self._pending)
            self._pending = b""
        return lines

    def rest(self) -> bytes:
        """What came without an end of line, once; forgotten then."""
        rest, self._pending = self._pending, b""
        return rest
