"""What a DaemonSet's plan looks at: the set, the nodes, and each node's pods. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from minikube8s.api.views import ControllerRevision, DaemonSet, Node
from minikube8s.controllers.daemonsets.placement import Verdict, demanding, judge
from minikube8s.controllers.podfacts import PodFacts
from minikube8s.controllers.revisions import POD_LABEL


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A DaemonSet, the pods and revisions it has or may adopt, and all nodes."""

    view: DaemonSet
    object: Mapping[str, Any]
    nodes: tuple[Node, ...] = ()
    pods: tuple[PodFacts, ...] = ()
    revisions: tuple[ControllerRevision, ...] = ()
    namesake: ControllerRevision | None = None
    """The object with the name of the template's revision, whoever owns it."""
    due: Mapping[str, datetime] = field(default_factory=dict)
    """From when on a failed pod, by uid, may be replaced; one a node."""
    wishes: Mapping[str, str] = field(default_factory=dict)
    """The nodes that pods without one ask for, by the pods' uids."""

    def home_of(self, pod: PodFacts) -> str:
        """Return the node that a pod is on or asks for; "" when it asks for none by name."""
        return pod.node or self.wishes.get(pod.metadata.uid, "")


@dataclass(frozen=True, slots=True)
class Place:
    """A node, what the set wants there, and the set's pods there, the one to keep first."""

    node: str
    verdict: Verdict
    pods: tuple[PodFacts, ...]

    @property
    def staying(self) -> list[PodFacts]:
        """The pods that are not being deleted."""
        return [pod for pod in self.pods if pod.metadata.deletion_timestamp is None]


@dataclass(frozen=True, slots=True)
class Round:
    """One look: the places and what tells pods apart."""

    view: DaemonSet
    digest: str
    """The hash of the template's revision, which its pods carry."""
    places: tuple[Place, ...]
    now: datetime

    @property
    def desired(self) -> list[Place]:
        """The places that shall have a pod."""
        return [place for place in self.places if place.verdict.runs]

    def is_updated(self, pod: PodFacts) -> bool:
        """Tell whether the pod is of the template's revision."""
        return pod.metadata.labels.get(POD_LABEL) == self.digest

    def is_available(self, pod: PodFacts) -> bool:
        """Tell whether the pod has been ready for long enough."""
        return pod.seconds_to_available(self.view.spec.min_ready_seconds, self.now) == 0


def places(snapshot: Snapshot, pods: Iterable[PodFacts]) -> tuple[Place, ...]:
    """Return every node with the set's pods that are on it or meant for it.

    One that has ended and is being deleted is nowhere any more, whatever holds it.
    """
    homes: dict[str, list[PodFacts]] = {}
    there = (one for one in pods if not (one.terminal and one.metadata.deletion_timestamp))
    for pod in sorted(there, key=_worth):
        homes.setdefault(snapshot.home_of(pod), []).append(pod)
    asking = demanding(snapshot.view)
    verdicts = ((node.metadata.name, judge(asking, node)) for node in snapshot.nodes)
    return tuple(Place(name, verdict, tuple(homes.get(name, ()))) for name, verdict in verdicts)


def _worth(pod: PodFacts) -> tuple[bool, bool, str, str]:
    """Order pods: those that are ready first, then those that are bound, then the oldest."""
    metadata = pod.metadata
    created = metadata.creation_timestamp or ""
    return (not pod.ready, not pod.node, created, metadata.name)
