"""The clock that everything with a notion of time takes as a parameter.

Owns the protocol and the real clock. Pure code never sees it: it gets `now` as a value.
"""

import asyncio
import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Wall time for what people read, monotonic time for what is measured."""

    def now(self) -> datetime:
        """Wall time, aware, in UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds from an arbitrary start, never running backwards."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Suspend the calling task; zero or less only yields."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Wall time, aware, in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds of the machine's monotonic clock."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Suspend the calling task; zero or less only yields."""
        await asyncio.sleep(max(0.0, seconds))
