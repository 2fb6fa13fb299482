"""The filters that look at a pod's claims. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from minikube8s.scheduler.amounts import STORAGE
from minikube8s.scheduler.framework import Change, Filter, Kind, Prepared, Refusal
from minikube8s.scheduler.pods import Incoming, PodFacts
from minikube8s.scheduler.states import NodeState, View
from minikube8s.scheduler.volumes import IN_USE, ClaimKey, PodVolumes, conflict


class VolumeRestrictions(Filter):
    """Refuses every node while another pod uses a claim that only one pod may use."""

    name = "VolumeRestrictions"
    wakes = frozenset({Kind.POD_REMOVED, Kind.CLAIM})

    def prepare(self, wanted: Incoming, view: View) -> Prepared | Refusal | None:
        """Count who uses these claims."""
        exclusive = wanted.volumes.exclusive
        if not exclusive:
            return None
        users = {
            claim: sum(state.claims.get(claim, 0) for state in view.states) for claim in exclusive
        }
        return _Exclusive(users) if any(users.values()) else None

    def helps(self, wanted: Incoming, change: Change) -> bool:
        """Tell whether the pod that went used one of the claims."""
        return change.pod is None or bool(change.pod.claims & wanted.volumes.exclusive)


@dataclass(frozen=True, slots=True)
class _Exclusive:
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
