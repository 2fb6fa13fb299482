"""Inter-pod affinity: how well a pod suits those that run near a node. Pure.

Counted are the pod's preferred terms about running pods, and running pods' preferred terms and
required affinity about the pod.
"""

from __future__ import annotations

from collections.abc import Sequence

from minikube8s.scheduler.framework import BEST, Score
from minikube8s.scheduler.pods import Incoming, PodFacts
from minikube8s.scheduler.states import NodeState, View
from minikube8s.scheduler.topology import affinity
from minikube8s.scheduler.topology.matching import Role, Term, terms
from minikube8s.scheduler.topology.population import Counts, Population
from minikube8s.scheduler.topology.terrain import Place

Worth = dict[str | None, int]
"""What a label's value counts; no value counts nothing."""

_WISHES = (Role.RATHER_NEAR, Role.RATHER_APART)


class PreferredPods(Score):
    """Prefers nodes near pods that the pod, or they, would rather have near."""

    name = affinity.NAME
    weight = 2

    def __init__(self, population: Population) -> None:
        self._population = population

    def rate(
        self, wanted: Incoming, view: View, feasible: Sequence[NodeState]
    ) -> Sequence[float] | None:
        """Return 100 for the nodes where wishes count most, 0 where they count least."""
        worth = list(self._worth(wanted.facts).items())
        if not worth:
            return None
        labels = [state.labels for state in feasible]
        numbers = [0] * len(labels)
        for key, values in worth:
            numbers = [
                total + values.get(one.get(key), 0)
                for total, one in zip(numbers, labels, strict=True)
            ]
        least = min(numbers)
        width = max(numbers) - least
        return [BEST * (one - least) / width for one in numbers] if width else None

    def _worth(self, pod: PodFacts) -> dict[str, Worth]:
        """Return what the values of each label count for the pod."""
        worth: dict[str, Worth] = {}

        def count(term: Term, counts: Counts) -> None:
            values = worth.setdefault(term.key, {})
            for value, number in counts.items():
                values[value] = values.get(value, 0) + number * term.weight

        for term in terms(pod):
            if term.role in _WISHES:
                place = Place(term.key)
                count(term, self._population.pods_at((term.matcher,), place, leaving=True))
        for term, counts in self._population.wishing(pod.namespace, pod.labels):
            count(term, counts)
        return worth
