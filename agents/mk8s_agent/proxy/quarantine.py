"""Owners whose parts the kernel refused: each is tried again, later and later.

Owns the pauses. Knows nothing of rules.
"""

import asyncio
from collections.abc import Callable

from minikube8s.kit.backoff import Backoff
from mk8s_agent.proxy.parts import Owner

_RETRY = Backoff(initial=1.0, maximum=300.0)


class Quarantine:
    """Says who is in it, and calls `retry` when somebody's pause is over."""

    def __init__(self, retry: Callable[[Owner], None]) -> None:
        self._retry = retry
        self._failures: dict[Owner, int] = {}
        self._timers: dict[Owner, asyncio.TimerHandle] = {}

    def __contains__(self, owner: Owner) -> bool:
        return owner in self._failures

    def put(self, owner: Owner) -> None:
        """Let the owner wait, longer each time."""
        failures = self._failures.get(owner, 0)
        self._failures[owner] = failures + 1
        self._cancel(owner)
        loop = asyncio.get_running_loop()
        self._timers[owner] = loop.call_later(_RETRY.delay(failures), self._retry, owner)

    def release(self, owner: Owner) -> None:
        """Forget the owner's failures; harmless when there were none."""
        self._failures.pop(owner, None)
        self._cancel(owner)

    def close(self) -> None:
        """Let nobody be tried again."""
        for owner in list(self._timers):
            self._cancel(owner)

    def _cancel(self, owner: Owner) -> None:
        timer = self._timers.pop(owner, None)
        if timer is not None:
            timer.cancel()
