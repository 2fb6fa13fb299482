"""A pod's probes at its worker's side: they follow what runs, and what they say joins what is seen.

Owns the pod's probes and which pod their events are about; what they mean is in `health`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import msgspec

from minikube8s.api.views import Pod
from mk8s_agent.pods.health import condemned, subjects
from mk8s_agent.pods.lifecycle import doom_of
from mk8s_agent.pods.memory import Memory
from mk8s_agent.pods.node_context import NodeContext, recorder
from mk8s_agent.pods.values import Desired, Observed
from mk8s_agent.probes.pod_probes import PodProbes


class Examining:
    """The probes of one pod. `changed` is called when they say something new."""

    def __init__(self, context: NodeContext, changed: Callable[[], None]) -> None:
        self._ctx = context
        self._pod: Pod | None = None
        self._probes = PodProbes(context.prober, self._tell, changed)

    def examine(
        self, observed: Observed, desired: Desired, memory: Memory, now: datetime
    ) -> Observed:
        """Let the probes ask whatever runs, and add what they say."""
        pod = self._pod = desired.pod
        if pod is None:
            return observed
        ending = desired.stop_by is not None or doom_of(desired, now) is not None
        asked = subjects(pod, observed, self._ctx.place(pod).pod_ip)
        self._probes.follow(asked, ending=ending)
        health = self._probes.health
        for id, verdict in condemned(pod, observed, health, now).items():
            memory.verdicts.setdefault(id, verdict)
        verdicts = dict(memory.verdicts)
        return msgspec.structs.replace(observed, health=health, verdicts=verdicts)

    async def close(self) -> None:
        """Ask nobody any more."""
        await self._probes.close()

    def _tell(self, container: str, type: str, reason: str, message: str) -> None:
        if self._pod is not None:
            recorder(self._ctx.reporter, self._pod, container)(type, reason, message)
