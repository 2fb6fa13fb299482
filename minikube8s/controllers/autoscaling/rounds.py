"""Measures the pods of all autoscalers, again and again while there are any.

Owns the one timer and what was measured last. Every pod's node is asked once a round, whatever
the number of autoscalers; a new autoscaler is measured at once.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from minikube8s.api.errors import ApiError
from minikube8s.controllers.autoscaling.use import Metrics
from minikube8s.controllers.keys import Key
from minikube8s.store.entry import Entry

log = logging.getLogger(__name__)

PERIOD = 15.0
"""Seconds between two rounds."""


Measured = Mapping[str, Mapping[str, Any]]
"""PodMetrics by the pods' names."""


class Rounds:
    """What was measured for each autoscaler that there is.

    `pods_of` tells whose pods are to be measured, `done` is told of each autoscaler measured.
    """

    def __init__(self, metrics: Metrics, period: float = PERIOD) -> None:
        self._metrics = metrics
        self._period = period
        self._measured: dict[Key, Measured | None] = {}
        self._fresh: set[Key] = set()
        self._wake = asyncio.Event()

    def measured(self, key: Key) -> Measured | None:
        """Return what was measured last; None means that the first time is still to come."""
        if key not in self._measured:
            self._measured[key] = None
            self._fresh.add(key)
            self._wake.set()
        return self._measured[key]

    def forget(self, key: Key) -> None:
        """Measure no more for an autoscaler that is gone."""
        self._measured.pop(key, None)
        self._fresh.discard(key)

    async def run(
        self, pods_of: Callable[[Key], Sequence[Entry]], done: Callable[[Key], None]
    ) -> None:
        """Measure for ever; without autoscalers nothing runs."""
        loop = asyncio.get_running_loop()
        due = loop.time() + self._period
        while True:
            if self._fresh:
                keys, self._fresh = self._fresh, set()
            elif not self._measured:
                await self._woken(None)
                due = loop.time() + self._period
                continue
            elif await self._woken(due - loop.time()):
                continue
            else:
                keys, due = set(self._measured), loop.time() + self._period
            await self._round(keys, pods_of)
            for key in sorted(keys):
                done(key)

    async def _woken(self, seconds: float | None) -> bool:
        """Wait until somebody new has come, at most so long; tell whether it was that."""
        try:
            async with asyncio.timeout(None if seconds is None else max(0.0, seconds)):
                await self._wake.wait()
        except TimeoutError:
            return False
        self._wake.clear()
        return True

    async def _round(self, keys: Iterable[Key], pods_of: Callable[[Key], Sequence[Entry]]) -> None:
        wanted: dict[Key, Sequence[Entry]] = {}
        for key in keys:
            try:
                wanted[key] = pods_of(key)
            except Exception:
                # One that cannot be read must not keep the others from being measured.
                log.exception("cannot tell whose pods %s/%s scales", *key)
        pods = {pod.key: pod for found in wanted.values() for pod in found}
        try:
            answers = await self._metrics.measure(list(pods.values())) if pods else ()
        except ApiError as error:
            log.warning("the use of pods could not be measured: %s", error.message)
            answers = ()
        told = {_name(one["metadata"]): one for one in answers}
        for key, found in wanted.items():
            if key in self._measured:
                names = (pod.name for pod in found)
                self._measured[key] = {
                    name: told[key.namespace, name]
                    for name in names
                    if (key.namespace, name) in told
                }


def _name(metadata: Mapping[str, Any]) -> tuple[str, str]:
    return metadata["namespace"], metadata["name"]
