"""Refuses pods, and makes room for them where that is right.

Owns the order of these writes: first the promise of a place, then the ends of those who have it.
Who is killed in between finds the promise, and goes on from there.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from minikube8s.api.errors import ApiError
from minikube8s.api.resources import PODDISRUPTIONBUDGETS, PODS
from minikube8s.api.views import Pod
from minikube8s.registry import Registry
from minikube8s.scheduler import preemption, wording
from minikube8s.scheduler.budgets import Budget, budget
from minikube8s.scheduler.decision import Decider, Decision, Nominated
from minikube8s.scheduler.framework import Change
from minikube8s.scheduler.knowledge import Knowledge
from minikube8s.scheduler.pods import Incoming, PodKey
from minikube8s.scheduler.writing import Writer
from minikube8s.store.entry import Entry


class Host(Protocol):
    """Who is told."""

    def asks(self, pod: Pod, /) -> bool:
        """Tell whether the pod waits for a node."""
        ...

    def park(self, wanted: Incoming, refused_by: frozenset[str], /) -> None:
        """Have a pod wait for what may turn the refusals of these filters."""
        ...

    def changed(self, changes: Iterable[Change], /) -> None:
        """Look again at the pods that something may help."""
        ...

    def look_again(self, key: PodKey, /) -> None:
        """Look again at a pod that was refused."""
        ...

    def pod_changed(self, key: PodKey, /, *, anew: bool) -> None:
        """Take in a pod's newest state, also one that was seen."""
        ...


class Preemptor:
    """What is done about pods that no node takes."""

    def __init__(
        self, registry: Registry, knowledge: Knowledge, writer: Writer, host: Host
    ) -> None:
        self.promising: set[PodKey] = set()
        """Whose nomination is not written yet."""
        self._registry = registry
        self._knowledge = knowledge
        self._writer = writer
        self._host = host

    async def refuse(
        self,
        entry: Entry,
        wanted: Incoming,
        decision: Decision,
        decider: Decider,
        nominated: Nominated,
    ) -> None:
        """Say why the pod has no node; where others may end for it, see to that."""
        key, nominations = wanted.facts.key, self._knowledge.nominations
        plan = preemption.plan(
            wanted,
            self._knowledge.usage.view(),
            decision,
            decider,
            nominated_node=nominations.node(key),
            nominated=nominated,
            budgets=self._budgets,
        )
        message = wording.refused(decision, plan.why)
        self._host.park(wanted, decision.refused_by | plan.blocked_by)
        if plan.chosen is not None:
            await self._make_room(entry, wanted, plan.chosen, message)
            return
        if plan.waits or not nominations.node(key):
            await self._writer.refuse(entry, "Unschedulable", message)
            return
        self._host.changed(self._knowledge.nominate(wanted.facts, ""))
        try:
            await self._writer.refuse(entry, "Unschedulable", message, "")
        finally:
            self._host.pod_changed(key, anew=True)

    async def _make_room(
        self, entry: Entry, wanted: Incoming, chosen: preemption.Candidate, message: str
    ) -> None:
        key, node = wanted.facts.key, chosen.node
        there = self._knowledge.nominations.on(node)
        surpassed = [one.key for one in there if one.priority < wanted.facts.priority]
        self._host.changed(self._knowledge.nominate(wanted.facts, node))
        self.promising.add(key)
        try:
            await self._writer.refuse(entry, "Unschedulable", message, node)
        finally:
            self.promising.discard(key)
            self._host.pod_changed(key, anew=True)
        for one in surpassed:
            await self._surpass(one)
        scheduler = wanted.pod.spec.scheduler_name
        for victim in chosen.victims:
            if not victim.deleting:
                await self._writer.end(victim, entry, scheduler, node)

    async def _surpass(self, key: PodKey) -> None:
        """Have a pod look for another place than the one that it was promised."""
        try:
            entry = self._registry.get(PODS, *key)
        except ApiError:
            return
        if self._host.asks(entry.view(Pod)):
            await self._writer.take_nomination(entry)
            self._host.look_again(key)

    def _budgets(self) -> list[Budget]:
        return [budget(one.object) for one in self._registry.list(PODDISRUPTIONBUDGETS)]
