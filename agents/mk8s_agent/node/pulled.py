"""Which images the agent has brought to this machine: one small file.

The engine is its owner's, and so are the images that were built or pulled by hand; only what is
written down here may ever be removed. An image whose pull was not written down, because the agent
was killed in that moment, stays for good: that is the side to err on.
"""

from __future__ import annotations

import logging
from datetime import datetime
from pathlib import Path

import msgspec

from minikube8s.kit.clock import Clock

log = logging.getLogger(__name__)


class Pulled(msgspec.Struct, frozen=True, kw_only=True):
    """An image that was pulled because a pod wanted it; `reference` has its tag or digest."""

    reference: str
    id: str
    at: datetime


class PulledImages:
    """The record in `file`; read when first asked for."""

    def __init__(self, file: Path, clock: Clock) -> None:
        self._file = file
        self._clock = clock
        self._known: dict[str, Pulled] | None = None

    def all(self) -> list[Pulled]:
        """All that was pulled and not forgotten."""
        return list(self._read().values())

    def note(self, reference: str, id: str) -> None:
        """The image came just now, because a pod wanted it."""
        self._read()[reference] = Pulled(reference=reference, id=id, at=self._clock.now())
        self._write()

    def forget(self, reference: str) -> None:
        """The image is gone, or has become somebody else's."""
        if self._read().pop(reference, None) is not None:
            self._write()

    def _read(self) -> dict[str, Pulled]:
        if self._known is None:
            try:
                found = msgspec.json.decode(self._file.read_bytes(), type=list[Pulled])
            except FileNotFoundError:
                found = []
            except (OSError, msgspec.DecodeError) as error:
                log.warning(
                    "%s is not readable, so images pulled before stay: %s", self._file, error
                )
                found = []
            self._known = {one.reference: one for one in found}
        return self._known

    def _write(self) -> None:
        fresh = self._file.with_name(f"{self._file.name}.new")
        try:
            fresh.write_bytes(msgspec.json.encode(self.all()))
            fresh.replace(self._file)
        except OSError as error:
            log.warning("%s cannot be written: %s", self._file, error)
