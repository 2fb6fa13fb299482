"""What the scheduler knows of a pod: its shape, what is kept of it on a node, and the pod at hand.

A shape is everything that filters and scores of one node alone may read of a pod. Pods of one
template share one, so what was found of a node for one of them holds for all (`verdicts`). Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec

from minikube8s.api.persistence import claims_of
from minikube8s.api.views import Affinity, NodeAffinity, Pod, Toleration
from minikube8s.scheduler.amounts import ASSUMED, requested
from minikube8s.scheduler.volumes import NONE, ClaimKey, PodVolumes

PodKey = tuple[str, str]
"""Namespace and name."""

SHAPES = 1024
"""How many shapes are shared."""
PREEMPTED = "PreemptionByScheduler"
"""The reason of a victim's condition DisruptionTarget."""


class HostPort(NamedTuple):
    """A port of the node that a pod takes for itself."""

    address: str
    protocol: str
    port: int

    def conflicts(self, other: HostPort) -> bool:
        """Tell whether both cannot be on one node: "0.0.0.0" takes the port of all addresses."""
        if (self.protocol, self.port) != (other.protocol, other.port):
            return False
        return self.address == other.address or "0.0.0.0" in (self.address, other.address)


class Shape(msgspec.Struct, frozen=True, cache_hash=True, kw_only=True):
    """What a pod takes from a node and asks of it. Amounts as in `amounts`."""

    requests: tuple[tuple[str, int], ...] = ()
    assumed: tuple[tuple[str, int], ...] = ()
    """CPU and memory with something for containers that request none, to compare nodes by."""
    ports: tuple[HostPort, ...] = ()
    node_selector: tuple[tuple[str, str], ...] = ()
    node_affinity: NodeAffinity | None = None
    tolerations: tuple[Toleration, ...] = ()
    images: tuple[str, ...] = ()
    """One for each container, init containers first."""


class PodFacts(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """What is kept of a pod that counts on a node, or is promised one."""

    key: PodKey
    uid: str
    shape: Shape
    labels: Mapping[str, str]
    priority: int = 0
    started: str = ""
    """When its node first saw it; "" before that."""
    deleting: bool = False
    preempted: bool = False
    """Whether the scheduler ended it for another pod."""
    claims: frozenset[ClaimKey] = frozenset()
    affinity: Affinity | None = None
    """Kept only if it speaks of other pods."""

    @property
    def namespace(self) -> str:
        """The pod's namespace."""
        return self.key[0]

    def same(self, other: PodFacts) -> bool:
        """Tell whether nothing differs that a decision about another pod may depend on."""
        return _compared(self) == _compared(other)


@dataclass(frozen=True, slots=True, eq=False)
class Incoming:
    """A pod that a node is looked for, and what its claims ask of one."""

    pod: Pod
    facts: PodFacts
    volumes: PodVolumes = NONE

    @property
    def shape(self) -> Shape:
        """The pod's shape."""
        return self.facts.shape

    @property
    def preempts(self) -> bool:
        """Whether others may be ended to make room for it."""
        return self.pod.spec.preemption_policy != "Never"


def incoming(pod: Pod, volumes: PodVolumes = NONE) -> Incoming:
    """Return a pod as decisions look at it."""
    return Incoming(pod, facts_of(pod), volumes)


def facts_of(pod: Pod) -> PodFacts:
    """Return what is kept of a pod."""
    meta, spec, status = pod.metadata, pod.spec, pod.status
    around = spec.affinity.pod_affinity or spec.affinity.pod_anti_affinity
    claims = claims_of(pod) if spec.volumes else ()
    return PodFacts(
        key=(meta.namespace, meta.name),
        uid=meta.uid,
        shape=shape_of(pod),
        labels=meta.labels,
        priority=spec.priority or 0,
        started=status.start_time or "",
        deleting=meta.deletion_timestamp is not None,
        preempted=any(
            one.type == "DisruptionTarget" and one.status == "True" and one.reason == PREEMPTED
            for one in status.conditions
        ),
        claims=frozenset((meta.namespace, name) for name in claims),
        affinity=spec.affinity if around else None,
    )


def shape_of(pod: Pod) -> Shape:
    """Return the pod's shape, shared with the other pods that have it."""
    spec = pod.spec
    containers = (*spec.init_containers, *spec.containers)
    assumed = requested(pod, ASSUMED)
    return _shared(
        Shape(
            requests=tuple(sorted(requested(pod).items())),
            assumed=tuple((name, assumed.get(name, 0)) for name in ASSUMED),
            ports=tuple(
                HostPort(port.host_ip or "0.0.0.0", port.protocol, port.host_port)
                for container in containers
                for port in container.ports
                if port.host_port
            ),
            node_selector=tuple(sorted(spec.node_selector.items())),
            node_affinity=spec.affinity.node_affinity,
            tolerations=spec.tolerations,
            images=tuple(container.image for container in containers),
        )
    )


@lru_cache(maxsize=SHAPES)
def _shared(shape: Shape) -> Shape:
    return shape


def _compared(one: PodFacts) -> tuple[Any, ...]:
    return (
        one.uid,
        one.shape,
        one.labels,
        one.priority,
        one.started,
        one.deleting,
        one.preempted,
        one.claims,
        one.affinity,
    )
