"""One running container under its probes: which is due when, what their results add up to.

No I/O and no clock: times are seconds of any one clock, and come in. As in the kubelet, the startup
probe holds the others back until it passed once; a liveness or startup probe that failed is not
asked again, because the container has to end. After the first one, probings come at whole seconds:
those of many containers share a wake-up.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from minikube8s.api.views import Probe
from mk8s_agent.probes.values import Health, Kind

_AT_FIRST = {Kind.STARTUP: None, Kind.LIVENESS: True, Kind.READINESS: False}
"""What a probe says before it was asked often enough."""


@dataclass(slots=True)
class _Line:
    """One probe. `passing` is what it says, the newest results are `run` times `last`."""

    probe: Probe
    due: float
    passing: bool | None
    last: bool | None = None
    run: int = 0
    under_way: bool = False


class Checkup:
    """The probes of a container that runs since `began`.

    `known` is what was said of the same container before. Nothing is asked before the times in
    `put_off`.
    """

    def __init__(
        self,
        probes: Mapping[Kind, Probe],
        began: float,
        known: Health | None = None,
        put_off: Mapping[Kind, float] = MappingProxyType({}),
    ) -> None:
        self._lines = {
            kind: _Line(
                probe=probe,
                due=max(began + probe.initial_delay_seconds, put_off.get(kind, began)),
                passing=_AT_FIRST[kind],
            )
            for kind, probe in probes.items()
        }
        self._ending = False
        if known is not None:
            self._take_over(Kind.STARTUP, known.started)
            self._take_over(Kind.READINESS, known.ready)

    @property
    def health(self) -> Health:
        """What all results so far add up to."""
        started = self._opened(Kind.STARTUP)
        failed = (kind for kind in (Kind.STARTUP, Kind.LIVENESS) if self._says(kind, False))
        return Health(
            started=started,
            ready=started and self._opened(Kind.READINESS),
            failed=next(failed, None),
        )

    def end(self) -> None:
        """The pod is ending: whether it is ready still counts, nothing else does."""
        self._ending = True

    @property
    def wake_at(self) -> float | None:
        """When the next probe is due; None while one must end before, or none comes any more."""
        return min(
            (line.due for kind, line in self._lines.items() if self._asked(kind, line)),
            default=None,
        )

    def begin(self, now: float) -> list[Kind]:
        """The probes that are due. Each must be told to `finish`."""
        due = [
            kind
            for kind, line in self._lines.items()
            if self._asked(kind, line) and line.due <= now
        ]
        for kind in due:
            self._lines[kind].under_way = True
            self._lines[kind].due = now
        return due

    def finish(self, kind: Kind, passed: bool | None, now: float) -> bool:
        """A probing has ended, without a result if None. Returns whether `health` changed."""
        line = self._lines[kind]
        line.under_way = False
        line.due = max(round(line.due + line.probe.period_seconds), now)
        if passed is None or (self._ending and kind is not Kind.READINESS):
            return False
        line.run = line.run + 1 if line.last is passed else 1
        line.last = passed
        enough = line.probe.success_threshold if passed else line.probe.failure_threshold
        if line.run < enough or line.passing is passed:
            return False
        line.passing = passed
        return True

    def _take_over(self, kind: Kind, passed: bool) -> None:
        if passed and kind in self._lines:
            self._lines[kind].passing = True

    def _opened(self, kind: Kind) -> bool:
        """Whether the container has passed this probe, or has no such probe."""
        return kind not in self._lines or self._says(kind, True)

    def _says(self, kind: Kind, passed: bool) -> bool:
        return kind in self._lines and self._lines[kind].passing is passed

    def _asked(self, kind: Kind, line: _Line) -> bool:
        """Whether it is this probe's turn, once it is due."""
        if line.under_way or (self._ending and kind is not Kind.READINESS):
            return False
        if kind is Kind.STARTUP:
            return line.passing is None
        failed = kind is Kind.LIVENESS and line.passing is False
        return self._opened(Kind.STARTUP) and not failed
