"""Scales what HorizontalPodAutoscalers name by what its pods use."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from minikube8s.api.resources import HORIZONTALPODAUTOSCALERS, PODS, Resource
from minikube8s.api.views.autoscaling import MeasuredPod
from minikube8s.controllers.actions import NOTHING, Plan
from minikube8s.controllers.autoscaling import bounds, planning
from minikube8s.controllers.autoscaling.history import NO_HISTORY, History
from minikube8s.controllers.autoscaling.planning import Snapshot
from minikube8s.controllers.autoscaling.rounds import Rounds
from minikube8s.controllers.autoscaling.targets import Target, may_overlap, target_of
from minikube8s.controllers.keys import Key
from minikube8s.controllers.runner import Reader
from minikube8s.kit.clock import Clock
from minikube8s.store.entry import Entry
from minikube8s.store.watching import Event


class _Change(NamedTuple):
    before: int
    after: int
    at: datetime


@dataclass(slots=True)
class _Memory:
    """What is remembered of one autoscaler; a planned change counts once the target shows it."""

    history: History
    planned: _Change | None = None


class AutoscalingController:
    """Looks at an autoscaler when it changes, and whenever its pods were measured."""

    name = "horizontal-pod-autoscaler"
    watches = (HORIZONTALPODAUTOSCALERS,)

    def __init__(self, rounds: Rounds, clock: Clock) -> None:
        self._rounds = rounds
        self._clock = clock
        self._memories: dict[Key, _Memory] = {}

    async def run(self, reader: Reader, look: Callable[[Key], None]) -> None:
        """Have pods measured for ever; `look` is called with each autoscaler after that."""

        def pods_of(key: Key) -> Sequence[Entry]:
            entry = reader.find(HORIZONTALPODAUTOSCALERS, *key)
            target = target_of(reader, entry.object) if entry is not None else ""
            return _pods(reader, key, target)

        await self._rounds.run(pods_of, look)

    def keys(self, resource: Resource, event: Event, reader: Reader) -> Iterable[Key]:
        """Return the autoscaler, unless it was only told what is the case."""
        entry, previous = event.entry, event.previous
        same = previous is not None and previous.object["spec"] == entry.object["spec"]
        told = event.type == "MODIFIED" and same
        return () if told else (Key(entry.namespace, entry.name),)

    def read(self, reader: Reader, key: Key) -> Snapshot | None:
        """Return the autoscaler, its target and what was measured; None while nothing was."""
        entry = reader.find(HORIZONTALPODAUTOSCALERS, *key)
        if entry is None:
            self._rounds.forget(key)
            self._memories.pop(key, None)
            return None
        measured = self._rounds.measured(key)
        if measured is None:
            return None
        target = target_of(reader, entry.object)
        found = _pods(reader, key, target)
        return Snapshot(
            entry.object,
            target,
            tuple(one.view(MeasuredPod) for one in found),
            tuple(measured.values()),
            _rivals(reader, key, target, found),
            self._remembered(key, entry.object["spec"], target),
        )

    def plan(self, snapshot: Snapshot, now: datetime, failure: str = "") -> Plan:
        """Return the change of the target that is due, and the status."""
        metadata = snapshot.autoscaler["metadata"]
        if "deletionTimestamp" in metadata:
            return NOTHING
        decision = planning.decide(snapshot, now, failure)
        memory = self._memories.get(Key(metadata["namespace"], metadata["name"]))
        if memory is not None and not failure:
            if decision.recommended is not None:
                seconds = bounds.window(snapshot.autoscaler["spec"])
                memory.history = memory.history.recommended(decision.recommended, now, seconds)
            if decision.rescale is not None:
                memory.planned = _Change(decision.rescale.before, decision.rescale.after, now)
        return decision.plan

    def _remembered(self, key: Key, spec: planning.Object, target: Target | str) -> History:
        if isinstance(target, str):
            return NO_HISTORY
        memory = self._memories.get(key)
        if memory is None:
            first = NO_HISTORY.recommended(target.wanted, self._clock.now(), bounds.window(spec))
            memory = self._memories[key] = _Memory(first)
        planned, memory.planned = memory.planned, None
        if planned is not None and planned.after == target.wanted:
            memory.history = memory.history.changed(*planned, bounds.period(spec))
        return memory.history


def _pods(reader: Reader, key: Key, target: Target | str) -> Sequence[Entry]:
    if isinstance(target, str):
        return ()
    return reader.selected(PODS, key.namespace, target.selector)


def _rivals(
    reader: Reader, key: Key, target: Target | str, pods: Sequence[Entry]
) -> tuple[str, ...]:
    """Return all autoscalers of these pods, if there are others than the one of `key`."""
    if isinstance(target, str):
        return ()
    others = []
    for entry in reader.list(HORIZONTALPODAUTOSCALERS, key.namespace):
        if entry.name == key.name:
            continue
        other = target_of(reader, entry.object)
        if isinstance(other, str) or not may_overlap(target.selector, other.selector):
            continue
        if any(other.selector.matches(pod.labels) for pod in pods):
            others.append(entry.name)
    names = sorted([*others, key.name]) if others else ()
    return tuple(f"{key.namespace}/{name}" for name in names)
