"""Which of the many things that happen become Events, and which repeat an earlier one. Pure.

The rules are those of Kubernetes' clients: the same message again counts up an Event, many
different messages about the same matter are combined, and an object that never stops talking is
cut off after a burst.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, TypeVar

V = TypeVar("V")

REMEMBERED = 1024
"""How many Events, matters and objects are remembered, each."""
SIMILAR = 10
"""How many different messages about one matter within SIMILAR_SECONDS are too many to tell apart:
from the tenth on they are combined."""
SIMILAR_SECONDS = 600.0
BURST = 25
"""How many Events an object may cause at once; then one every REFILL_SECONDS."""
REFILL_SECONDS = 300.0
COMBINED = "(combined from similar events): "


class Happening(NamedTuple):
    """Something to report about an object.

    `about` identifies the object, e.g. by kind and uid; `part` a part of it (a container), which
    is told apart from the others but shares the object's budget.
    """

    about: str
    part: str
    type: str
    reason: str
    message: str


class Decision(NamedTuple):
    """How to report it: `repeats` names the Event that it repeats, "" for a new one."""

    key: Happening
    message: str
    repeats: str


@dataclass(slots=True)
class _Matter:
    since: float
    messages: set[str]


@dataclass(slots=True)
class _Bucket:
    tokens: float
    filled: float


class Correlator:
    """The memory of one recorder. Times are monotonic seconds."""

    def __init__(self) -> None:
        self._names: OrderedDict[Happening, str] = OrderedDict()
        self._matters: OrderedDict[tuple[str, str, str, str], _Matter] = OrderedDict()
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()
        self._heard: OrderedDict[tuple[Happening, datetime], None] = OrderedDict()

    def is_news(self, happening: Happening, at: datetime) -> bool:
        """Whether this was not heard of yet: what comes again has the time that it had."""
        news = (happening, at) not in self._heard
        _remember(self._heard, (happening, at), None)
        return news

    def decide(self, happening: Happening, now: float) -> Decision | None:
        """Return how to report `happening`; None when its object talks too much."""
        if not self._spend(happening.about, now):
            return None
        key, message = happening, happening.message
        if self._is_combined(happening, now):
            message = COMBINED + message
            key = happening._replace(message=COMBINED)
        return Decision(key, message, self._names.get(key, ""))

    def reported(self, key: Happening, name: str) -> None:
        """Remember that the Event `name` reports `key`."""
        _remember(self._names, key, name)

    def _spend(self, about: str, now: float) -> bool:
        bucket = self._buckets.get(about) or _Bucket(BURST, now)
        bucket.tokens = min(BURST, bucket.tokens + (now - bucket.filled) / REFILL_SECONDS)
        bucket.filled = now
        _remember(self._buckets, about, bucket)
        if bucket.tokens < 1:
            return False
        bucket.tokens -= 1
        return True

    def _is_combined(self, happening: Happening, now: float) -> bool:
        matter_key = happening[:4]
        matter = self._matters.get(matter_key)
        if matter is None or now - matter.since > SIMILAR_SECONDS:
            matter = _Matter(now, set())
        matter.since = now
        told_apart = happening.message in matter.messages or len(matter.messages) < SIMILAR - 1
        if told_apart:
            matter.messages.add(happening.message)
        _remember(self._matters, matter_key, matter)
        return not told_apart


K = TypeVar("K")


def _remember(memory: OrderedDict[K, V], key: K, value: V) -> None:
    memory[key] = value
    memory.move_to_end(key)
    if len(memory) > REMEMBERED:
        memory.popitem(last=False)
