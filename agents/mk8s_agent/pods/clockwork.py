"""What becomes of the times that are waited for when somebody sets the machine's clock.

Waiting itself does not mind; what was noted by the clock would come an hour early or late.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from minikube8s.kit.clock import Clock
from mk8s_agent.pods.memory import Memory
from mk8s_agent.pods.values import PreStop, Sent

_JUMP = timedelta(seconds=2)
"""Less is the clock being corrected bit by bit."""


class Clockwork:
    """Compares the wall clock with the time that really passed."""

    __slots__ = ("_clock", "_passed", "_wall")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._wall, self._passed = clock.now(), clock.monotonic()

    def jump(self) -> timedelta:
        """How far the clock was set since the last call; zero when it was not."""
        wall, passed = self._clock.now(), self._clock.monotonic()
        jump = wall - self._wall - timedelta(seconds=passed - self._passed)
        self._wall, self._passed = wall, passed
        return jump if abs(jump) > _JUMP else timedelta()


def shift(memory: Memory, jump: timedelta) -> None:
    """Move everything in it that was noted by the clock."""

    def moved(at: datetime | None) -> datetime | None:
        return None if at is None else at + jump

    replace = msgspec.structs.replace
    memory.renew_at = moved(memory.renew_at)
    for target, fault in memory.faults.items():
        memory.faults[target] = replace(fault, retry_at=fault.retry_at + jump)
    for name, image in memory.images.items():
        memory.images[name] = replace(
            image, failed_at=moved(image.failed_at), retry_at=moved(image.retry_at)
        )
    for id, sent in memory.signals.items():
        memory.signals[id] = Sent(sent.signal, sent.at + jump)
    for id, hook in memory.pre_stops.items():
        memory.pre_stops[id] = PreStop(hook.begun + jump, hook.ended)
    for id, verdict in memory.verdicts.items():
        memory.verdicts[id] = replace(verdict, by=verdict.by + jump)
