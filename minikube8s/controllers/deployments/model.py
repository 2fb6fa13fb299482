"""What the Deployment's plan looks at: the Deployment, its ReplicaSets, and the numbers. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from minikube8s.api.views import Deployment, ObjectMeta, ReplicaSet

REVISION = "deployment.kubernetes.io/revision"
REVISION_HISTORY = "deployment.kubernetes.io/revision-history"
DESIRED_REPLICAS = "deployment.kubernetes.io/desired-replicas"
MAX_REPLICAS = "deployment.kubernetes.io/max-replicas"
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
HASH_LABEL = "pod-template-hash"
NO_DEADLINE = 2**31 - 1
"""The progressDeadlineSeconds and revisionHistoryLimit that mean "none"."""


@dataclass(frozen=True, slots=True)
class Member:
    """One ReplicaSet of a Deployment: the view for logic, the object for what is copied."""

    view: ReplicaSet
    object: Mapping[str, Any]

    @property
    def metadata(self) -> ObjectMeta:
        """The ReplicaSet's metadata."""
        return self.view.metadata

    @property
    def name(self) -> str:
        """The ReplicaSet's name."""
        return self.view.metadata.name

    @property
    def size(self) -> int:
        """How many pods it shall have."""
        return self.view.spec.replicas

    @property
    def age_order(self) -> tuple[str, str]:
        """Sorts ReplicaSets from the oldest to the youngest."""
        return (self.metadata.creation_timestamp or "", self.name)

    def annotated_number(self, annotation: str) -> int | None:
        """Return the integer that the annotation holds; None when it is absent or no integer."""
        try:
            return int(self.metadata.annotations[annotation])
        except (KeyError, ValueError):
            return None

    @property
    def revision(self) -> int:
        """The revision it carries; 0 when none."""
        return self.annotated_number(REVISION) or 0


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A Deployment, every ReplicaSet it has or may adopt, and what else its plan depends on."""

    view: Deployment
    object: Mapping[str, Any]
    members: tuple[Member, ...]
    populated: frozenset[str] = frozenset()
    """The uids of ReplicaSets that own pods which have not ended (only read for Recreate)."""
    taken: bool = False
    """Whether there is a ReplicaSet of the name that the template asks for."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How far a Deployment may stray from its number of replicas, in pods."""

    replicas: int
    surge: int
    unavailable: int

    @property
    def maximum(self) -> int:
        """The most pods there may be."""
        return self.replicas + self.surge

    @property
    def minimum_available(self) -> int:
        """The fewest pods that must be available while rolling."""
        return self.replicas - self.unavailable


def limits(deployment: Deployment) -> Limits:
    """Resolve maxSurge (rounded up) and maxUnavailable (rounded down).

    Both at zero would block every update: then one pod may be missing.
    """
    replicas = deployment.spec.replicas
    if not is_rolling(deployment):
        return Limits(replicas, 0, 0)
    rolling = deployment.spec.strategy.rolling_update
    surge = _resolve(rolling.max_surge if rolling else "25%", replicas, up=True)
    unavailable = _resolve(rolling.max_unavailable if rolling else "25%", replicas, up=False)
    if surge == 0 and unavailable == 0:
        unavailable = 1
    return Limits(replicas, surge, min(unavailable, replicas))


def is_rolling(deployment: Deployment) -> bool:
    """Tell whether pods are replaced gradually."""
    return deployment.spec.strategy.type != "Recreate"


def _resolve(value: int | str, total: int, *, up: bool) -> int:
    if isinstance(value, int):
        return value
    share = int(value.removesuffix("%")) * total
    return -(-share // 100) if up else share // 100


def occupied(members: Iterable[Member]) -> int:
    """Return how many pods the ReplicaSets have or shall have, whichever is more each.

    A ReplicaSet that was told to shrink still counts the pods it has not given up yet, so that
    the Deployment never has more pods than its maximum.
    """
    return sum(max(one.size, one.view.status.replicas) for one in members)


def observed(members: Iterable[Member]) -> bool:
    """Tell whether the ReplicaSet controller knows the sizes of all.

    Until then it may be creating or deleting pods for an earlier size, which no status tells yet.
    """
    return all(one.view.status.observed_generation >= one.metadata.generation for one in members)


def available(members: Iterable[Member], sizes: Mapping[str, int]) -> int:
    """Return how many pods are available and will stay, given the sizes by name."""
    return sum(min(sizes[one.name], one.view.status.available_replicas) for one in members)


def has_deadline(deployment: Deployment) -> bool:
    """Tell whether lack of progress shall be reported."""
    deadline = deployment.spec.progress_deadline_seconds
    return deadline is not None and deadline != NO_DEADLINE


def round_half_up(number: float) -> int:
    """Round to the nearest integer, halves away from zero."""
    return math.floor(number + 0.5) if number >= 0 else math.ceil(number - 0.5)
