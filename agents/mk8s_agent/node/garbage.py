"""Which images go when the engine's disk fills up, and their removal.

Only images that pods brought here, that no container uses, and that did not come just now: the
least recently used first.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from minikube8s.kit.clock import Clock
from mk8s_agent.node.pulled import Pulled, PulledImages
from mk8s_agent.node.settings import KubeletSettings, seconds
from mk8s_agent.node.thresholds import Reading
from mk8s_agent.runtime.errors import RuntimeFault
from mk8s_agent.runtime.interface import Runtime
from mk8s_agent.runtime.vocabulary import Image

log = logging.getLogger(__name__)

PERIOD = 300.0
"""Seconds between two collections, as in a kubelet."""


class Candidate(NamedTuple):
    """An image that may go: what it is called, how large it is, when it was last used."""

    reference: str
    size: int
    used: datetime


def excess(reading: Reading, high: int, low: int) -> int:
    """How many bytes have to go: down to `low` percent once `high` is reached; else none."""
    used = reading.capacity - reading.available
    if high >= 100 or used * 100 < reading.capacity * high:
        return 0
    return max(used - reading.capacity * low // 100, 0)


def candidates(
    pulled: Iterable[Pulled],
    local: Iterable[Image],
    in_use: Collection[str],
    used: Mapping[str, datetime],
    oldest: datetime,
) -> list[Candidate]:
    """What may go, the least recently used first.

    `in_use` are the ids of images that containers were made from, `used` tells when each was last
    seen in use. What came after `oldest` stays, and what goes by another's name now.
    """
    sizes = {(name, one.id): one.size for one in local for name in (*one.tags, *one.digests)}
    found = [
        Candidate(
            one.reference, sizes[one.reference, one.id], max(used.get(one.id, one.at), one.at)
        )
        for one in pulled
        if (one.reference, one.id) in sizes and one.id not in in_use and one.at <= oldest
    ]
    return sorted(found, key=lambda one: (one.used, one.reference))


def chosen(found: Sequence[Candidate], amount: int | None) -> list[Candidate]:
    """As many as it takes for `amount` bytes; None: all."""
    taken: list[Candidate] = []
    for one in found:
        if amount is not None and sum(before.size for before in taken) >= amount:
            break
        taken.append(one)
    return taken


class ImageCollector:
    """Removes images of one node; `tell` records an event about it: (type, reason, message)."""

    def __init__(
        self,
        runtime: Runtime,
        pulled: PulledImages,
        settings: KubeletSettings,
        clock: Clock,
        tell: Callable[[str, str, str], None],
    ) -> None:
        self._runtime = runtime
        self._pulled = pulled
        self._settings = settings
        self._minimum_age = timedelta(seconds=seconds(settings.image_minimum_gc_age))
        self._clock = clock
        self._tell = tell
        self._used: dict[str, datetime] = {}
        self._next = 0.0
        self._failed = False

    async def collect(self, reading: Reading | None) -> None:
        """Remove what is too much, if the time has come to look; `reading` is that of the disk."""
        now = self._clock.monotonic()
        if reading is None or now < self._next:
            return
        settings = self._settings
        amount = excess(
            reading,
            settings.image_gc_high_threshold_percent,
            settings.image_gc_low_threshold_percent,
        )
        if not amount:
            return
        self._next = now + PERIOD
        try:
            freed = await self._remove(amount)
        except RuntimeFault as error:
            self._fail(f"failed to remove images: {error}")
            return
        if freed >= amount:
            self._failed = False
            return
        message = (
            "Failed to garbage collect required amount of images. Attempted to free "
            f"{amount} bytes, but only found {freed} bytes eligible to free."
        )
        self._tell("Warning", "FreeDiskSpaceFailed", message)
        self._fail(message)

    async def remove_unused(self) -> None:
        """Remove all that may go. Raises RuntimeFault when the engine does not answer."""
        await self._remove(None)

    async def _remove(self, amount: int | None) -> int:
        local = await self._runtime.local_images()
        in_use = await self._runtime.used_images()
        now = self._clock.now()
        self._used |= dict.fromkeys(in_use, now)
        self._used = {one.id: self._used[one.id] for one in local if one.id in self._used}
        pulled = self._pulled.all()
        present = {(name, one.id) for one in local for name in (*one.tags, *one.digests)}
        for gone in pulled:
            if (gone.reference, gone.id) not in present:
                self._pulled.forget(gone.reference)
        freed = 0
        oldest = now - self._minimum_age
        for one in chosen(candidates(pulled, local, in_use, self._used, oldest), amount):
            try:
                await self._runtime.remove_image(one.reference)
            except RuntimeFault as error:
                log.info("image %s stays: %s", one.reference, error)
                continue
            log.info("removed the unused image %s (%d bytes)", one.reference, one.size)
            self._pulled.forget(one.reference)
            freed += one.size
        return freed

    def _fail(self, message: str) -> None:
        """Say it where people look, from the second time in a row on."""
        log.warning("%s", message)
        if self._failed:
            self._tell("Warning", "ImageGCFailed", message)
        self._failed = True
