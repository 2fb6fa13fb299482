"""A registry whose writes begin late: what do controllers make of a state that moves on?"""

from __future__ import annotations

import asyncio
import itertools
from typing import Any

from minikube8s.registry import Registry


class Laggard:
    """The registry for controllers: every write of theirs takes its own time to begin."""

    def __init__(self, registry: Registry, delays: list[float]) -> None:
        self._registry = registry
        self._delays = itertools.cycle(delays)

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._registry, name)
        if name not in ("create", "update", "delete"):
            return method

        async def late(*args: Any, **options: Any) -> Any:
            await asyncio.sleep(next(self._delays))
            return await method(*args, **options)

        return late
