"""What is wanted of one pod: by the master or a file of the node, and by the node itself.

Owns when the pod has to go, and why it fails. Neither is taken back.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from minikube8s.api.times import parse_time
from minikube8s.api.views import Pod
from minikube8s.kit.clock import Clock
from mk8s_agent.pods.identity import PodRef
from mk8s_agent.pods.lifecycle import DOOMS, grace_of
from mk8s_agent.pods.values import Desired, Doom

ORPHAN_GRACE = timedelta(seconds=2)
"""What a pod that the master has forgotten gets to end: nobody waits for it."""


class Wanted:
    """The pod as it shall be. `pod` is None until somebody said what it is."""

    def __init__(self, ref: PodRef, clock: Clock) -> None:
        self.pod: Pod | None = None
        self._ref = ref
        self._clock = clock
        self._stop_by: datetime | None = None
        self._forced = False
        self._doom: Doom | None = None

    @property
    def stops(self) -> bool:
        """Whether the pod has to go."""
        return self._stop_by is not None

    @property
    def doomed(self) -> bool:
        """Whether the node lets the pod fail."""
        return self._doom is not None

    @property
    def leaving(self) -> bool:
        """Whether the pod has ended or is about to."""
        return self.pod is None or self.pod.terminal or self.doomed or self.stops

    def take(self, pod: Pod) -> None:
        """This is what the pod shall be now."""
        if self.pod is None and pod.status.reason in DOOMS and not pod.terminal:
            # An earlier agent has begun to let it fail.
            self.fail(pod.status.reason, pod.status.message, grace_of(pod))
        self.pod = pod
        if deletion := pod.metadata.deletion_timestamp:
            grace = timedelta(seconds=pod.metadata.deletion_grace_period_seconds or 0)
            # The timestamp has lost its fraction of a second, which belongs to the grace period.
            # Clocks of two machines differ: never wait longer than that period from now.
            latest = parse_time(deletion) + timedelta(seconds=1)
            self._forced = not grace
            self._stop(min(latest, self._clock.now() + grace))

    def fail(self, reason: str, message: str, grace: timedelta, *, disrupts: bool = False) -> None:
        """The node lets the pod fail for good; the first reason counts."""
        if self._doom is None:
            by = self._clock.now() + grace
            self._doom = Doom(reason=reason, message=message, by=by, disrupts=disrupts)

    def refuse(self, reason: str, message: str) -> None:
        """The node does not take the pod, of which nothing was begun."""
        now = self._clock.now()
        self._doom = Doom(reason=reason, message=message, by=now, refused=True)

    def retire(self) -> None:
        """The pod's file is gone: it ends as one that is deleted."""
        grace = ORPHAN_GRACE if self.pod is None else grace_of(self.pod)
        self._stop(self._clock.now() + grace)

    def abandon(self) -> None:
        """The master does not know the pod any more.

        One that it takes away under our eyes was deleted without grace: what has any is told so,
        and taken away when it is gone. Others may have been forgotten.
        """
        self._forced |= self.pod is not None
        self._stop(self._clock.now() + (timedelta() if self._forced else ORPHAN_GRACE))

    def shift(self, jump: timedelta) -> None:
        """Somebody has set the clock: what is waited for moves with it."""
        if self._stop_by is not None:
            self._stop_by += jump
        if self._doom is not None:
            self._doom = msgspec.structs.replace(self._doom, by=self._doom.by + jump)

    def desired(self, started_at: datetime | None) -> Desired:
        """All of it as a value."""
        return Desired(
            ref=self._ref,
            pod=self.pod,
            stop_by=self._stop_by,
            forced=self._forced,
            doom=self._doom,
            started_at=started_at,
        )

    def _stop(self, by: datetime) -> None:
        self._stop_by = by if self._stop_by is None else min(by, self._stop_by)
