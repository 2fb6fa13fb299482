"""Asks `admission` about each new pod, with what the node knows at that moment."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from minikube8s.api import podresources
from minikube8s.api.podresources import Amounts
from mk8s_agent.assignments import Assignments
from mk8s_agent.node.admission import Offer, refusal
from mk8s_agent.node.capacity import allocatable
from mk8s_agent.node.status import NodeState
from mk8s_agent.pods.refusing import Refusal, port_conflict
from mk8s_agent.pods.residents import Resident


class Gate:
    """Lets pods onto one node, or not."""

    def __init__(self, state: NodeState, assignments: Assignments) -> None:
        self._state = state
        self._assignments = assignments
        self._needs: dict[tuple[str, int], Amounts] = {}

    def refusal(self, pod: Resident, others: Iterable[Resident]) -> Refusal | None:
        """Why the node does not take the pod beside the others; None when it does."""
        known, self._needs = self._needs, {}
        neighbours = list(others)
        beside = [self._needs_of(one, known) for one in neighbours]
        state = self._state
        own = self._assignments.node(state.machine.name)
        offer = Offer(
            allocatable=allocatable(state.machine, state.settings),
            pressures=state.pressures,
            node=own.view if own is not None else None,
            ending=state.ending,
        )
        refused = refusal(pod.pod, self._needs_of(pod, known), beside, offer)
        return refused or port_conflict(pod.pod, (one.pod for one in neighbours))

    def _needs_of(self, one: Resident, known: dict[tuple[str, int], Amounts]) -> Amounts:
        key = (one.pod.metadata.uid, one.pod.metadata.generation)
        needs = known.get(key)
        if needs is None:
            needs = podresources.requests(msgspec.json.decode(one.raw)["spec"])
        self._needs[key] = needs
        return needs
