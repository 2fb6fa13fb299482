"""What a worker knows of its pod beside what the master wants. All of it can be seen again by
looking.

Owns the translation to `Observed`. Bounds: one entry a container, an image, a target.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from mk8s_agent.pods.identity import CONTAINER
from mk8s_agent.pods.values import (
    Fault,
    ImageState,
    Network,
    Observed,
    PreStop,
    Sent,
    Verdict,
    VolumeState,
    attempt_of,
    sort_containers,
)
from mk8s_agent.runtime.vocabulary import Container, Limits, Phase

_AGE = {phase: age for age, phase in enumerate(Phase)}


@dataclass(slots=True)
class Memory:
    """The state of one pod on this node.

    `renew_at` is when something in the volumes is due, `volume_changes` counts what made them
    outdated. `starting` are the containers whose postStart hook has not ended; one that an earlier
    agent started counts as started. `begun` counts each container's attempts. `stale` asks for a
    look at all of the pod's containers, `dirty` names single ones to look at, see `look_at`.
    """

    network: Network = Network.UNPLUGGED
    volumes: VolumeState = VolumeState.NONE
    volume_changes: int = 0
    renew_at: datetime | None = None
    found: dict[str, Container] = field(default_factory=dict)
    images: dict[str, ImageState] = field(default_factory=dict)
    faults: dict[str, Fault] = field(default_factory=dict)
    signals: dict[str, Sent] = field(default_factory=dict)
    pre_stops: dict[str, PreStop] = field(default_factory=dict)
    verdicts: dict[str, Verdict] = field(default_factory=dict)
    starting: set[str] = field(default_factory=set)
    resized: dict[str, Limits] = field(default_factory=dict)
    begun: dict[str, int] = field(default_factory=dict)
    messages: dict[str, str] = field(default_factory=dict)
    dirty: dict[str, Phase | None] = field(default_factory=dict)
    stale: bool = False

    def volumes_changed(self) -> None:
        """What the volumes show is not what it should be any more."""
        self.volume_changes += 1
        if self.volumes is VolumeState.READY:
            self.volumes = VolumeState.OUTDATED

    def look_at(self, container_id: str, got_to: Phase | None = None) -> None:
        """Something happened to this container.

        If it is only that it `got_to` a phase, who knows that already need not look.
        """
        if self.dirty.get(container_id, got_to) is None:
            got_to = None
        self.dirty[container_id] = got_to

    def due(self) -> list[str]:
        """Who has to be looked at now; they count as looked at from here on."""
        asked, self.dirty = self.dirty, {}
        return [
            id for id, phase in asked.items() if phase is None or not self._has_got_to(id, phase)
        ]

    def _has_got_to(self, container_id: str, phase: Phase | None) -> bool:
        known = self.found.get(container_id)
        return known is not None and (phase is Phase.CREATED or known.phase is phase)

    def see(self, container: Container) -> None:
        """This is the container now; news that was overtaken by newer news is dropped."""
        known = self.found.get(container.id)
        newer = known is None or _AGE[container.phase] >= _AGE[known.phase]
        if newer or _was_revived(known, container):
            self.found[container.id] = container
        if container.phase is not Phase.CREATED:
            self.count(container.labels.get(CONTAINER, ""), attempt_of(container) + 1)

    def count(self, name: str, attempts: int) -> None:
        """So many attempts of a container have begun; what was known before may be more."""
        self.begun[name] = max(attempts, self.begun.get(name, 0))

    def begin_look(self) -> None:
        """All containers are being asked for: what happens from now on may not be in the answer."""
        self.dirty.clear()
        self.stale = False

    def see_all(self, containers: Iterable[Container]) -> None:
        """These were all the pod's containers at `begin_look`."""
        known, self.found = self.found, {}
        for one in containers:
            self.found[one.id] = known.get(one.id, one)
            self.see(one)
        for id in self.dirty.keys() & known.keys():
            self.found.setdefault(id, known[id])
        for gone in self._noted() - self.found.keys():
            self._forget_notes(gone)

    def forget(self, container_id: str) -> None:
        """The container is not there any more."""
        self.found.pop(container_id, None)
        self._forget_notes(container_id)
        self.dirty.pop(container_id, None)

    def _noted(self) -> set[str]:
        by_id = (self.signals, self.pre_stops, self.verdicts, self.starting, self.resized)
        return {*self.messages}.union(*by_id)

    def _forget_notes(self, container_id: str) -> None:
        self.signals.pop(container_id, None)
        self.pre_stops.pop(container_id, None)
        self.verdicts.pop(container_id, None)
        self.starting.discard(container_id)
        self.resized.pop(container_id, None)
        self.messages.pop(container_id, None)

    def observed(self, busy: Iterable[str]) -> Observed:
        """All of it as a value."""
        sandboxes, containers = sort_containers(list(self.found.values()))
        return Observed(
            sandboxes=sandboxes,
            containers=containers,
            network=self.network,
            volumes=self.volumes,
            renew_at=self.renew_at,
            images=dict(self.images),
            faults=dict(self.faults),
            begun=dict(self.begun),
            signals=dict(self.signals),
            pre_stops=dict(self.pre_stops),
            verdicts=dict(self.verdicts),
            starting=frozenset(self.starting),
            resized=dict(self.resized),
            messages=dict(self.messages),
            busy=frozenset(busy),
        )


def _was_revived(known: Container | None, container: Container) -> bool:
    """Whether somebody has started again what had ended."""
    return bool(
        known
        and known.finished_at
        and container.started_at
        and container.phase is Phase.RUNNING
        and container.started_at >= known.finished_at
    )
