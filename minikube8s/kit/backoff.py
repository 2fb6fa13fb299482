"""How long to wait before the next attempt. Pure: attempt in, seconds out."""

import math
from dataclasses import dataclass
from random import Random


@dataclass(frozen=True, slots=True)
class Backoff:
    """Exponential delays from `initial` to `maximum` seconds.

    `jitter` is the share of a delay (0 to 1) that may be taken off at random, so that many
    waiters do not come back together; the delay never exceeds `maximum`.
    """

    initial: float
    maximum: float
    factor: float = 2.0
    jitter: float = 0.0

    def __post_init__(self) -> None:
        """Refuse numbers that would not make a growing, bounded delay."""
        if not 0 < self.initial <= self.maximum:
            raise ValueError(f"backoff needs 0 < initial <= maximum, not {self}")
        if self.factor < 1 or not 0 <= self.jitter <= 1:
            raise ValueError(f"backoff needs factor >= 1 and 0 <= jitter <= 1, not {self}")

    def delay(self, attempt: int, rng: Random | None = None) -> float:
        """Seconds to wait after failure number `attempt`, counted from 0.

        Raises ValueError if this backoff has jitter and no random source was passed.
        """
        seconds = self._exact(max(0, attempt))
        if not self.jitter:
            return seconds
        if rng is None:
            raise ValueError("a backoff with jitter needs a random source: pass rng")
        return seconds * (1 - self.jitter * rng.random())

    def _exact(self, attempt: int) -> float:
        if self.factor == 1:
            return self.initial
        steps_to_maximum = math.log(self.maximum / self.initial, self.factor)
        if attempt >= steps_to_maximum:
            return self.maximum
        return min(self.maximum, self.initial * self.factor**attempt)
