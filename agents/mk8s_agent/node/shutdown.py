"""The machine is about to be shut down: pods end in order while there is time.

Ordinary pods go first; those of the system have the last part of the time for themselves. All end
for good, as Kubernetes has it, where a `shutdownGracePeriod` was chosen. Where none was, only those
end that a controller makes again, elsewhere and at once: the others stop with their engine, and run
again when the machine does.
https://kubernetes.io/docs/concepts/cluster-administration/node-shutdown/
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import timedelta
from typing import NamedTuple, Protocol

from minikube8s.kit.clock import Clock
from mk8s_agent.node.settings import KubeletSettings, seconds
from mk8s_agent.node.tenants import SYSTEM_PRIORITY
from mk8s_agent.pods.lifecycle import grace_of
from mk8s_agent.pods.residents import Resident

log = logging.getLogger(__name__)

REASON = "Terminated"
MESSAGE = "Pod was terminated in response to imminent node shutdown."
_UNCHOSEN = KubeletSettings(shutdown_grace_period="30s", shutdown_grace_period_critical_pods="10s")
_MOMENT = 0.25


class Group(NamedTuple):
    """Pods that end together, within so many seconds."""

    pods: tuple[Resident, ...]
    seconds: float


class Pods(Protocol):
    """The node's pods, see `mk8s_agent.pods.manager`."""

    def residents(self) -> list[Resident]:
        """Those that are to run on."""
        ...

    def doom(
        self, uid: str, reason: str, message: str, grace: timedelta, *, disrupts: bool = False
    ) -> None:
        """Let a pod fail."""
        ...

    def is_ending(self) -> bool:
        """Whether containers of a pod that its node lets fail still run."""
        ...


def groups(residents: Iterable[Resident], settings: KubeletSettings) -> list[Group]:
    """Who ends when, of those that end; groups without pods are left out. Pure."""
    chosen = seconds(settings.shutdown_grace_period) > 0
    settings = settings if chosen else _UNCHOSEN
    whole = seconds(settings.shutdown_grace_period)
    last = seconds(settings.shutdown_grace_period_critical_pods)
    ordinary: list[Resident] = []
    system: list[Resident] = []
    for one in residents:
        if not chosen and one.pod.metadata.controller is None:
            continue
        (system if (one.pod.spec.priority or 0) >= SYSTEM_PRIORITY else ordinary).append(one)
    found = [Group(tuple(ordinary), whole - last), Group(tuple(system), last)]
    return [group for group in found if group.pods]


async def end_pods(pods: Pods, settings: KubeletSettings, clock: Clock) -> None:
    """End pods, a group after the other; returns when they have, or when time is up."""
    for group in groups(pods.residents(), settings):
        log.info("%d pods have %gs to end", len(group.pods), group.seconds)
        until = clock.monotonic() + group.seconds
        for one in group.pods:
            grace = min(timedelta(seconds=group.seconds), grace_of(one.pod))
            pods.doom(one.uid, REASON, MESSAGE, grace, disrupts=True)
        await clock.sleep(_MOMENT)
        while pods.is_ending() and clock.monotonic() < until:
            await clock.sleep(_MOMENT)
