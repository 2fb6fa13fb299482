"""A registry whose process dies at a chosen write: what does a controller make of half a plan?"""

from __future__ import annotations

from inspect import iscoroutinefunction
from typing import Any

from minikube8s.registry import Registry


class Killed(Exception):
    """The process ended before a write."""


class Mortal:
    """A registry whose process ends before write number `writes`."""

    def __init__(self, registry: Registry, writes: int) -> None:
        self._registry = registry
        self._left = writes

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._registry, name)
        if not iscoroutinefunction(method):
            return method

        async def counted(*args: Any, **options: Any) -> Any:
            if self._left == 0:
                raise Killed
            self._left -= 1
            return await method(*args, **options)

        return counted


class Silent:
    def event(self, *_: object) -> None:
        """Events are not what is tested here."""
