"""Which pods a preemption may end without breaking a PodDisruptionBudget. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from minikube8s.api.selectors import Selector, from_label_selector
from minikube8s.scheduler.pods import PodFacts


@dataclass(frozen=True, slots=True)
class Budget:
    """How many pods that it selects may go; those that were counted as gone already are named."""

    namespace: str
    selector: Selector
    allowed: int
    disrupted: frozenset[str] = frozenset()

    def counts(self, pod: PodFacts) -> bool:
        """Tell whether the end of the pod would be taken from the budget."""
        return (
            pod.namespace == self.namespace
            and bool(pod.labels)
            and not self.selector.empty
            and self.selector.matches(pod.labels)
            and pod.key[1] not in self.disrupted
        )


def budget(obj: dict[str, Any]) -> Budget:
    """Return a PodDisruptionBudget as preemption looks at it."""
    spec, status = obj.get("spec") or {}, obj.get("status") or {}
    return Budget(
        obj["metadata"]["namespace"],
        from_label_selector(spec.get("selector")),
        status.get("disruptionsAllowed", 0),
        frozenset(status.get("disruptedPods") or ()),
    )


def split(
    pods: Iterable[PodFacts], budgets: Sequence[Budget]
) -> tuple[list[PodFacts], list[PodFacts]]:
    """Return the pods whose end would break a budget, and the others, each in the order given."""
    left = [one.allowed for one in budgets]
    breaking: list[PodFacts] = []
    others: list[PodFacts] = []
    for pod in pods:
        breaks = False
        for number, one in enumerate(budgets):
            if one.counts(pod):
                left[number] -= 1
                breaks |= left[number] < 0
        (breaking if breaks else others).append(pod)
    return breaking, others
