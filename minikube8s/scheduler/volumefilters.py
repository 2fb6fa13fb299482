"""The filters that look at a pod's claims. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from minikube8s.scheduler.amounts import STORAGE
from minikube8s.scheduler.framework import Change, Filter, Kind, Prepared, Refusal
from minikube8s.scheduler.pods import Incoming, PodFacts
from minikube8s.scheduler.states import NodeState, View
from minikube8s.scheduler.volumes import IN_USE, ClaimKey, PodVolumes, conflict

NO_ZONE = "node(s) had no available volume zone"
_ZONES = (
    "topology.kubernetes.io/zone",
    "topology.kubernetes.io/region",
    "failure-domain.beta.kubernetes.io/zone",
    "failure-domain.beta.kubernetes.io/region",
)
"""The labels of volumes that say where they are; several values are joined by `__`."""


class VolumeRestrictions(Filter):
    """Refuses every node while another pod uses a claim that only one pod may use."""

    name = "VolumeRestrictions"
    wakes = frozenset({Kind.POD_REMOVED, Kind.NODE_REMOVED, Kind.CLAIM})

    def prepare(self, wanted: Incoming, view: View) -> Prepared | Refusal | None:
        """Count who uses these claims."""
        found = self.prepare_beside(wanted, view)
        return found if found is not None and any(found.users.values()) else None

    def prepare_beside(self, wanted: Incoming, view: View) -> _Exclusive | None:
        """Count them even where nobody does yet: who is nominated may."""
        exclusive = wanted.volumes.exclusive
        if not exclusive:
            return None
        return _Exclusive(
            {claim: sum(state.claims.get(claim, 0) for state in view.states) for claim in exclusive}
        )

    def helps(self, wanted: Incoming, change: Change) -> bool:
        """Tell whether the pod that went, or one on the node that went, used one of the claims."""
        if change.kind is Kind.NODE_REMOVED and change.state is not None:
            return not wanted.volumes.exclusive.isdisjoint(change.state.claims)
        if change.kind is Kind.CLAIM:
            return change.may_help_claims(wanted.facts.claims)
        return change.pod is None or bool(change.pod.claims & wanted.volumes.exclusive)


@dataclass(frozen=True, slots=True)
class _Exclusive:
    """Claims, and how many pods use each."""

    users: Mapping[ClaimKey, int]

    def check(self, state: NodeState) -> Refusal | None:
        if any(self.users.values()):
            return Refusal(VolumeRestrictions.name, (IN_USE,), permanent=False)
        return None

    def moved(
        self, state: NodeState, removed: Iterable[PodFacts], added: Iterable[PodFacts]
    ) -> _Exclusive:
        users = dict(self.users)
        for pods, change in ((removed, -1), (added, 1)):
            for claim in (claim for pod in pods for claim in pod.claims if claim in users):
                users[claim] += change
        return _Exclusive(users)


class VolumeZone(Filter):
    """Refuses nodes of other zones or regions than the pod's volumes are labelled with."""

    name = "VolumeZone"
    wakes = frozenset({Kind.CLAIM, Kind.NODE_ADDED, Kind.NODE_LABELS})

    def prepare(self, wanted: Incoming, view: View) -> Prepared | Refusal | None:
        """Collect the labels of the volumes that are bound."""
        volumes = (one for one in wanted.volumes.bound if one is not None)
        labels = tuple(
            (key, frozenset(value.split("__")))
            for one in volumes
            for key, value in one.metadata.labels.items()
            if key in _ZONES
        )
        return _Zoned(labels) if labels else None

    def helps(self, wanted: Incoming, change: Change) -> bool:
        """Tell whether a claim that changed is one of the pod's."""
        return change.may_help_claims(wanted.facts.claims)


@dataclass(frozen=True, slots=True)
class _Zoned:
    labels: tuple[tuple[str, frozenset[str]], ...]

    def check(self, state: NodeState) -> Refusal | None:
        node = state.node.metadata.labels
        if any(key in node for key in _ZONES) and any(
            node.get(key) not in values for key, values in self.labels
        ):
            return Refusal(VolumeZone.name, (NO_ZONE,), permanent=True)
        return None

    def moved(
        self, state: NodeState, removed: Iterable[PodFacts], added: Iterable[PodFacts]
    ) -> _Zoned:
        return self


class VolumeBinding(Filter):
    """Refuses nodes that the pod's volumes cannot be reached from or made on."""

    name = "VolumeBinding"
    wakes = frozenset({Kind.CLAIM, Kind.NODE_ADDED, Kind.NODE_LABELS, Kind.NODE_RESOURCES})

    def prepare(self, wanted: Incoming, view: View) -> Prepared | Refusal | None:
        """Look whether any node can do."""
        volumes = wanted.volumes
        if volumes.refusal:
            return Refusal(self.name, (volumes.refusal,), permanent=True)
        return _Placed(volumes) if volumes.bound or volumes.awaited else None

    def helps(self, wanted: Incoming, change: Change) -> bool:
        """Tell whether a claim that changed is one of the pod's."""
        return change.may_help_claims(wanted.facts.claims)


@dataclass(frozen=True, slots=True)
class _Placed:
    volumes: PodVolumes

    def check(self, state: NodeState) -> Refusal | None:
        reason = conflict(self.volumes, state.node, state.allocatable.get(STORAGE))
        return Refusal(VolumeBinding.name, (reason,), permanent=True) if reason else None

    def moved(
        self, state: NodeState, removed: Iterable[PodFacts], added: Iterable[PodFacts]
    ) -> _Placed:
        return self
