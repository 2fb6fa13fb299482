"""The actions of one step while they are being collected. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from mk8s_agent.pods.actions import Action, Step
from mk8s_agent.pods.identity import CONTAINER
from mk8s_agent.pods.values import Observed
from mk8s_agent.runtime.vocabulary import Container


@dataclass(slots=True)
class Plan:
    """Collects the actions of one step; keeps busy and faulty targets free of new ones."""

    observed: Observed
    now: datetime
    may_resize: bool = True
    actions: list[Action] = field(default_factory=list)
    wake_at: datetime | None = None

    def add(self, action: Action) -> None:
        """Do this now, unless its target is busy or waits after a fault."""
        taken = self.observed.busy | {one.target for one in self.actions}
        if action.target in taken:
            return
        fault = self.observed.faults.get(action.target)
        if fault is not None and fault.retry_at > self.now:
            self.look_again(fault.retry_at)
            return
        self.actions.append(action)

    def look_again(self, at: datetime) -> None:
        """Decide again at this time, if nothing happens before."""
        self.wake_at = at if self.wake_at is None else min(self.wake_at, at)

    def step(self) -> Step:
        """What was collected."""
        return Step(actions=tuple(self.actions), wake_at=self.wake_at)


def name_of(container: Container) -> str:
    """What the pod calls this container."""
    return container.labels.get(CONTAINER, "")


def own_target(container: Container) -> str:
    """A target for one container, out of the way of the newest attempt's."""
    return f"{name_of(container)}/{container.id}"
