"""A pod's status on its way to the master: what is worth a report, and when.

Owns what was reported last. What a status says is in `status`, what people are told in `telling`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from minikube8s.api.times import parse_time
from minikube8s.api.views import Pod
from mk8s_agent.pods.conditions import Previous, previous, previous_of
from mk8s_agent.pods.identity import PodRef
from mk8s_agent.pods.lifecycle import doom_of
from mk8s_agent.pods.node_context import NodeFacts, Reporter, recorder
from mk8s_agent.pods.status import pod_status
from mk8s_agent.pods.telling import Telling
from mk8s_agent.pods.values import Desired, Observed, is_running

_NEWS = (
    "phase",
    "reason",
    "containerStatuses",
    "initContainerStatuses",
    "ephemeralContainerStatuses",
)
"""The parts of a status that are reported at once; others wait for actions under way."""


class Reporting:
    """What the master is told of one pod."""

    def __init__(self, ref: PodRef, reporter: Reporter, facts: NodeFacts, telling: Telling) -> None:
        self._ref = ref
        self._reporter = reporter
        self._facts = facts
        self._telling = telling
        self._before = Previous()
        self._reported: dict[str, Any] = {}
        self._told_end = False

    @property
    def started_at(self) -> datetime | None:
        """When the node took the pod on."""
        started = self._before.start_time
        return parse_time(started) if started else None

    def follow(self, pod: Pod) -> None:
        """Go on from the status that an earlier agent has reported."""
        self._before = previous_of(pod)

    def report(self, desired: Desired, observed: Observed, now: datetime, *, busy: bool) -> None:
        """Report the pod's status, if it says something new. `busy`: actions are under way."""
        pod = desired.pod
        if pod is None or self._told_end or (pod.terminal and not observed.containers):
            return
        # When all have ended and are being removed, their end stays the last thing said of them.
        self._told_end = desired.stop_by is not None and not any(
            is_running(one) for one in observed.everything()
        )
        doom = doom_of(desired, now)
        addresses = self._facts.addresses
        status = pod_status(pod, observed, addresses, self._before, doom, desired.pending, now)
        if status == self._reported:
            return
        if busy and all(status.get(part) == self._reported.get(part) for part in _NEWS):
            # More is about to change: the master writes each status to disk.
            return
        if doom is not None and "reason" not in self._reported and doom is not desired.doom:
            # Whom the node lets fail has been told why; the deadline is the pod's own.
            recorder(self._reporter, pod)("Normal", doom.reason, doom.message)
        self._reported, self._before = status, previous(status)
        self._reporter.pod_status(self._ref.namespace, self._ref.name, self._ref.uid, status)
        self._telling.backing_off(pod, observed, now)
