"""What most controllers call an object by in their queues."""

from __future__ import annotations

from typing import NamedTuple


class Key(NamedTuple):
    """Names an object of the one kind that a controller looks after."""

    namespace: str
    name: str
