"""A pod as the node sees it when it runs short: what it asked for, and what it uses. Pure data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from minikube8s.api.podresources import Amounts
from minikube8s.api.views import Pod

STORAGE = "ephemeral-storage"
SYSTEM_PRIORITY = 2_000_000_000
"""From that of system-cluster-critical on, pods are the system's own."""
_SOURCE, _MIRROR = "kubernetes.io/config.source", "kubernetes.io/config.mirror"


class ContainerUse(NamedTuple):
    """Bytes: memory that cannot be taken back, changes of the file system, output."""

    memory: int = 0
    files: int = 0
    output: int = 0


class Use(msgspec.Struct, frozen=True, kw_only=True):
    """What a pod uses; `containers` and `volumes` (its emptyDirs, in bytes) by name."""

    containers: Mapping[str, ContainerUse] = msgspec.field(default_factory=dict)
    volumes: Mapping[str, int] = msgspec.field(default_factory=dict)
    inodes: int = 0
    processes: int = 0

    @property
    def memory(self) -> int:
        """All its containers' memory."""
        return sum(one.memory for one in self.containers.values())

    @property
    def storage(self) -> int:
        """Everything of it on the node's disks."""
        beside = sum(one.files + one.output for one in self.containers.values())
        return beside + sum(self.volumes.values())


class Tenant(msgspec.Struct, frozen=True, kw_only=True):
    """One pod that has not ended; `requests` and `limits` are the whole pod's."""

    pod: Pod
    requests: Amounts
    limits: Amounts
    use: Use = Use()

    @property
    def priority(self) -> int:
        """Those of low priority go first."""
        return self.pod.spec.priority or 0

    def requested(self, resource: str) -> int:
        """What it asked for of a resource, in bytes."""
        amount = self.requests.get(resource)
        return amount.value if amount is not None else 0


def is_critical(pod: Pod) -> bool:
    """Whether the node keeps the pod whatever happens: a static one, or one of the system's."""
    notes = pod.metadata.annotations
    if _MIRROR in notes or notes.get(_SOURCE, "api") != "api":
        return True
    return (pod.spec.priority or 0) >= SYSTEM_PRIORITY
