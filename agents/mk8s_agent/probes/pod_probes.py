"""The probes of one pod at work: a timer for each container, a task for each probing.

Owns when something is asked and who is told; `checkup` decides what it means, `prober` asks.
Nothing runs between two probings.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mk8s_agent.probes.checkup import Checkup
from mk8s_agent.probes.prober import Ask, Prober
from mk8s_agent.probes.values import Finding, Health, Kind, ProbeError, Subject, probes_of

log = logging.getLogger(__name__)

Tell = Callable[[str, str, str, str], None]
"""Records an event: (container, type, reason, message)."""


@dataclass(slots=True)
class _Watch:
    """A container that is being asked."""

    name: str
    host: str
    checkup: Checkup
    asks: dict[Kind, Ask]
    timer: asyncio.TimerHandle | None = None


class PodProbes:
    """Asks the containers that it is told to `follow`.

    `changed` is called when what the probes say of one of them is different.
    """

    def __init__(self, prober: Prober, tell: Tell, changed: Callable[[], None]) -> None:
        self._prober = prober
        self._tell = tell
        self._changed = changed
        self._watches: dict[str, _Watch] = {}
        self._tasks: dict[asyncio.Task[None], str] = {}

    @property
    def health(self) -> dict[str, Health]:
        """What the probes say, by the container's id."""
        return {id: watch.checkup.health for id, watch in self._watches.items()}

    def follow(self, subjects: Sequence[Subject], *, ending: bool) -> None:
        """These containers run now and have probes; all others are left alone from here on.

        `ending`: their pod shall go, so that only their readiness matters.
        """
        wanted = {one.id: one for one in subjects}
        for id in [id for id in self._watches if id not in wanted]:
            self._leave(id)
        for id, subject in wanted.items():
            watch = self._watches.get(id) or self._meet(subject)
            if ending:
                watch.checkup.end()
            if watch.host != subject.host:
                self._prepare(watch, subject)
            if watch.timer is None:
                self._arm(id, watch)

    async def close(self) -> None:
        """Ask nobody any more."""
        for id in list(self._watches):
            self._leave(id)
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _meet(self, subject: Subject) -> _Watch:
        prober, now = self._prober, asyncio.get_running_loop().time()
        probes = probes_of(subject.container)
        put_off = {
            kind: now + prober.put_off(subject.began, probe.period_seconds)
            for kind, probe in probes.items()
        }
        began = now - prober.age(subject.began)
        checkup = Checkup(probes, began, subject.known, put_off)
        watch = _Watch(subject.container.name, "", checkup, {})
        self._watches[subject.id] = watch
        self._prepare(watch, subject)
        return watch

    def _prepare(self, watch: _Watch, subject: Subject) -> None:
        watch.host = subject.host
        probes = probes_of(subject.container)
        watch.asks = {kind: self._prober.ask(subject, probe) for kind, probe in probes.items()}

    def _leave(self, id: str) -> None:
        watch = self._watches.pop(id)
        if watch.timer is not None:
            watch.timer.cancel()
        for task in [task for task, of in self._tasks.items() if of == id]:
            task.cancel()

    def _arm(self, id: str, watch: _Watch) -> None:
        """Set the timer to the next probing."""
        if watch.timer is not None:
            watch.timer.cancel()
        at = watch.checkup.wake_at
        loop = asyncio.get_running_loop()
        watch.timer = None if at is None else loop.call_at(at, self._begin, id, watch)

    def _begin(self, id: str, watch: _Watch) -> None:
        for kind in watch.checkup.begin(asyncio.get_running_loop().time()):
            task = asyncio.create_task(self._probe(id, watch, kind), name=f"probes/{kind}")
            self._tasks[task] = id
            task.add_done_callback(self._tasks.pop)
        self._arm(id, watch)

    async def _probe(self, id: str, watch: _Watch, kind: Kind) -> None:
        passed: bool | None = None
        try:
            finding = await watch.asks[kind]()
        except ProbeError as error:
            self._say(watch, f"{kind} probe errored and resulted in {error.state} state: {error}")
        except Exception as error:
            log.exception("the %s probe of %s failed in a way that was not foreseen", kind, id)
            self._say(watch, f"{kind} probe errored and resulted in unknown state: {error}")
        else:
            passed = finding.passed
            self._report(watch, kind, finding)
        if self._watches.get(id) is not watch:
            return
        if watch.checkup.finish(kind, passed, asyncio.get_running_loop().time()):
            self._changed()
        self._arm(id, watch)

    def _report(self, watch: _Watch, kind: Kind, finding: Finding) -> None:
        if not finding.passed:
            self._say(watch, f"{kind} probe failed: {finding.message}")
        elif finding.warning:
            message = f"{kind} probe warning: {finding.message}"
            self._tell(watch.name, "Warning", "ProbeWarning", message)

    def _say(self, watch: _Watch, message: str) -> None:
        self._tell(watch.name, "Warning", "Unhealthy", message)
