"""What filters and scores are, and what they are told.

Two kinds of each. A *local* one looks at a shape and one node alone: what it says is kept and asked
for again only when the node has changed. Any other prepares itself once a decision, from whatever
it keeps of the cluster (see `usage.Observer`), and then answers each node in constant time:

- `Filter.prepare` returns what checks each node, or the Refusal of all of them at once, or None
  when it has nothing to say about this pod;
- `Score.rate` returns 0 to 100 for each feasible node, or None when it makes no difference.

`moved` is for "what if": the same check with pods of one node gone or added (nominated pods,
preemption). All of it is pure: it reads, and changes nothing.

Every filter tells which changes may turn its refusal (`wakes`) and, of one change, whether it does
(`helps`): a refused pod is looked at again only then.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable, Iterable, Sequence, Set
from enum import Enum, auto
from functools import lru_cache
from typing import ClassVar, NamedTuple, Protocol

from minikube8s.scheduler.pods import Incoming, PodFacts, Shape
from minikube8s.scheduler.states import NodeState, View
from minikube8s.scheduler.volumes import ClaimKey

BEST = 100.0


class Kind(Enum):
    """What changed in the cluster."""

    NODE_ADDED = auto()
    NODE_REMOVED = auto()
    NODE_RESOURCES = auto()
    NODE_LABELS = auto()
    NODE_TAINTS = auto()
    """Taints, or whether it is cordoned."""
    POD_ADDED = auto()
    """A pod counts on a node now."""
    POD_REMOVED = auto()
    """A pod counts no more, or takes less, or has given up its nomination."""
    POD_LABELS = auto()
    POD_LEAVING = auto()
    """A pod is being deleted: it takes what it took, but is spread no more."""
    CLAIM = auto()
    """A claim, volume or storage class."""
    NAMESPACE = auto()
    """A namespace's labels."""


class Change(NamedTuple):
    """One change: of a node, of a pod on it, or of a claim; without all it may concern any pod."""

    kind: Kind
    state: NodeState | None = None
    pod: PodFacts | None = None
    claim: ClaimKey | None = None

    def may_help_claims(self, claims: Set[ClaimKey]) -> bool:
        """Tell whether it may concern one of these claims."""
        return self.claim is None or self.claim in claims


NODE_CHANGES = frozenset({Kind.NODE_ADDED, Kind.NODE_LABELS, Kind.NODE_TAINTS, Kind.NODE_RESOURCES})


class Refusal(NamedTuple):
    """Why a node cannot take a pod, in Kubernetes' words, and the filter that says so.

    `permanent`: no end of other pods on that node would change it, so preemption does not help.
    """

    by: str
    reasons: tuple[str, ...]
    permanent: bool


class Prepared(Protocol):
    """A filter that is ready for one pod."""

    def check(self, state: NodeState, /) -> Refusal | None:
        """Return why the node cannot take the pod; None when it can."""
        ...

    def moved(
        self, state: NodeState, removed: Iterable[PodFacts], added: Iterable[PodFacts], /
    ) -> Prepared:
        """Return the same check, as if these pods of one node were gone and those there.

        `state` is the node as it is then; it is what `check` gets.
        """
        ...


class Filter(ABC):
    """A filter that looks at more than one node's own state."""

    name: ClassVar[str]
    wakes: ClassVar[frozenset[Kind]] = NODE_CHANGES

    @abstractmethod
    def prepare(self, wanted: Incoming, view: View) -> Prepared | Refusal | None:
        """Return what checks each node; a Refusal of all; None when there is nothing to check."""

    def prepare_beside(self, wanted: Incoming, view: View) -> Prepared | Refusal | None:
        """Return the same where pods are nominated: None only if no pod that comes matters."""
        return self.prepare(wanted, view)

    def helps(self, wanted: Incoming, change: Change) -> bool:
        """Tell whether a change of one of the kinds in `wakes` may turn this filter's refusal.

        It may also do so by making preemption possible.
        """
        return True

    def kin(self, wanted: Incoming) -> Hashable:
        """Return what is equal for pods that `helps` treats alike."""
        return wanted.facts.key


@lru_cache(maxsize=8)
def _without_lower(state: NodeState, version: int, priority: int) -> NodeState | None:
    """Return a node without its pods of lower priority; None if it has none. Of one version."""
    lower = state.below(priority)
    return state.changed(lower) if lower else None


class LocalFilter(ABC):
    """A filter of a shape and one node alone. Its answer must depend on nothing else."""

    name: ClassVar[str]
    wakes: ClassVar[frozenset[Kind]] = NODE_CHANGES

    @abstractmethod
    def check(self, shape: Shape, state: NodeState) -> Refusal | None:
        """Return why the node cannot take the pod; None when it can."""

    def helps(self, wanted: Incoming, change: Change) -> bool:
        """Tell whether, after a change of one of the kinds in `wakes`, it lets the pod pass."""
        state = change.state
        if state is None or self.check(wanted.shape, state) is None:
            return True
        if not wanted.preempts:
            return False
        without = _without_lower(state, state.version, wanted.facts.priority)
        return without is not None and self.check(wanted.shape, without) is None

    def kin(self, wanted: Incoming) -> Hashable:
        """Return what is equal for pods that `helps` treats alike."""
        return wanted.shape, wanted.facts.priority, wanted.preempts


class Score(ABC):
    """A score that looks at more than one node's own state."""

    name: ClassVar[str]
    weight: ClassVar[int] = 1

    @abstractmethod
    def rate(
        self, wanted: Incoming, view: View, feasible: Sequence[NodeState]
    ) -> Sequence[float] | None:
        """Return 0 to 100 for each of the nodes; None when the score makes no difference."""


class LocalScore(ABC):
    """A score of a shape and one node alone; 0 to 100 by itself, or any number to be compared."""

    name: ClassVar[str]
    weight: ClassVar[int] = 1
    relative: ClassVar[bool] = False
    """Whether `normalized` makes 0 to 100 of the numbers of all feasible nodes."""

    @abstractmethod
    def rate(self, shape: Shape, state: NodeState) -> float:
        """Return how well the node suits; it must depend on nothing else."""

    def normalized(self, numbers: Sequence[float]) -> Sequence[float] | None:
        """Return the numbers of the feasible nodes as 0 to 100; None: they make no difference."""
        return numbers


def stretched(numbers: Sequence[float], *, reverse: bool = False) -> Sequence[float] | None:
    """Return numbers (none negative) so that the largest becomes 100, or 0 with `reverse`.

    None when all are 0.
    """
    most = max(numbers, default=0)
    if not most:
        return None
    if reverse:
        return [BEST - BEST * number / most for number in numbers]
    return [BEST * number / most for number in numbers]
