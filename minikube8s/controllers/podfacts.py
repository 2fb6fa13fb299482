"""What controllers count pods by, kept for every pod that somebody counts.

A controller of thousands of pods looks at all of them at each look. The whole view of a pod is
dropped soon after it was asked for; these few facts, some hundred bytes, stay with the pod's
revision. What many pods have alike is held once.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from datetime import datetime, timedelta
from functools import lru_cache
from typing import NamedTuple, TypeVar

import msgspec

from minikube8s.api.views import ObjectMeta, Pod, PodSpec, PodStatus
from minikube8s.controllers.pods import ready_since, restarts, sidecar_restarts
from minikube8s.store.entry import Entry

DELETION_COST = "controller.kubernetes.io/pod-deletion-cost"

T = TypeVar("T", bound=Hashable)


class OfferedPort(NamedTuple):
    """A port of a container that Services can call by its name."""

    name: str
    protocol: str
    number: int


class PodFacts(msgspec.Struct, frozen=True, gc=False):
    """One revision of a pod. Of its annotations only the deletion cost is there."""

    metadata: ObjectMeta
    node: str
    phase: str
    ready: bool
    ready_since: datetime | None
    restarts: tuple[int, int]
    """Of the ordinary container that restarted most, and of the sidecar that did."""
    refused: bool
    """Whether its node did not take it: it failed before there was anything of it."""
    addresses: tuple[str, ...]
    hostname: str
    subdomain: str
    ports: tuple[OfferedPort, ...]
    """What its containers and sidecars offer by a name."""

    @property
    def terminal(self) -> bool:
        """Whether the pod has ended for good."""
        return self.phase in _ENDED

    @property
    def active(self) -> bool:
        """Whether the pod runs or will run: neither ended nor being deleted."""
        return self.phase not in _ENDED and self.metadata.deletion_timestamp is None

    def seconds_to_available(self, min_ready_seconds: int, now: datetime) -> float | None:
        """Return how long until it has been ready long enough: 0 if it has, None if not ready."""
        if not self.ready:
            return None
        if min_ready_seconds <= 0:
            return 0.0
        if self.ready_since is None:
            return None
        due = self.ready_since + timedelta(seconds=min_ready_seconds)
        return max(0.0, (due - now).total_seconds())


def next_availability(
    pods: Iterable[PodFacts], min_ready_seconds: int, now: datetime
) -> float | None:
    """Return in how many seconds the next of them will have been ready for long enough."""
    if not min_ready_seconds:
        return None
    waits = (pod.seconds_to_available(min_ready_seconds, now) for pod in pods)
    return min((wait for wait in waits if wait), default=None)


_ENDED = frozenset({"Succeeded", "Failed"})


def facts(entry: Entry) -> PodFacts:
    """Return the facts of a pod's entry."""
    return entry.digest(_of_entry)


def facts_of(pod: Pod) -> PodFacts:
    """Return the facts of a pod."""
    metadata = pod.metadata
    cost = metadata.annotations.get(DELETION_COST)
    slim = msgspec.structs.replace(
        metadata,
        generate_name="",
        labels=_labels(tuple(metadata.labels.items())),
        annotations={} if cost is None else {DELETION_COST: cost},
        owner_references=_once(metadata.owner_references),
        finalizers=(),
    )
    return PodFacts(
        metadata=slim,
        node=_once(pod.spec.node_name),
        phase=_once(pod.status.phase),
        ready=pod.ready,
        ready_since=ready_since(pod),
        restarts=_once((restarts(pod), sidecar_restarts(pod))),
        refused=_is_refused(pod.status),
        addresses=_addresses(pod.status),
        hostname=pod.spec.hostname,
        subdomain=_once(pod.spec.subdomain),
        ports=_once(_named_ports(pod.spec)),
    )


def _is_refused(status: PodStatus) -> bool:
    return status.phase == "Failed" and status.reason != "" and not status.container_statuses


def _addresses(status: PodStatus) -> tuple[str, ...]:
    every = (status.pod_ip, *(one.ip for one in status.pod_ips))
    return tuple(dict.fromkeys(one for one in every if one))


def _named_ports(spec: PodSpec) -> tuple[OfferedPort, ...]:
    sidecars = (one for one in spec.init_containers if one.restart_policy == "Always")
    return tuple(
        OfferedPort(port.name, port.protocol, port.container_port)
        for container in (*spec.containers, *sidecars)
        for port in container.ports
        if port.name
    )


def _of_entry(entry: Entry) -> PodFacts:
    return facts_of(entry.view(Pod))


@lru_cache(maxsize=4096)
def _once(value: T) -> T:
    return value


@lru_cache(maxsize=4096)
def _labels(items: tuple[tuple[str, str], ...]) -> dict[str, str]:
    return dict(items)
