"""The states that a pod's worker moves between, as values: what is wanted and what is seen.

Pure data; `next_step` turns the two into `actions`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import Enum
from types import MappingProxyType
from typing import NamedTuple, TypeVar

import msgspec

from minikube8s.api.views import Container as ContainerView
from minikube8s.api.views import Pod
from mk8s_agent.pods.identity import (
    ATTEMPT,
    CONTAINER,
    SANDBOX,
    SANDBOX_NAME,
    PodRef,
    number,
)
from mk8s_agent.probes.values import Health
from mk8s_agent.runtime.vocabulary import Container, Limits, Phase

PULL_FAILED = "ErrImagePull"
"""An image's reason from a failed pull until its back-off is announced."""

_BEGUN = (Phase.RUNNING, Phase.EXITED)

K = TypeVar("K")
V = TypeVar("V")


def _nothing() -> Mapping[K, V]:
    return MappingProxyType({})


class Doom(msgspec.Struct, frozen=True, kw_only=True):
    """The node lets the pod fail: it stays as an object, its containers end and none starts again.

    `reason` and `message` become the pod's (Evicted, DeadlineExceeded, …). Its containers may end
    by themselves until `by`. One that was `refused` never had any. `disrupts` says that it is not
    the pod's own doing.
    """

    reason: str
    message: str
    by: datetime
    refused: bool = False
    disrupts: bool = False


class Pending(NamedTuple):
    """Why a resize waits: Infeasible or Deferred, and a sentence."""

    reason: str
    message: str


class Desired(msgspec.Struct, frozen=True, kw_only=True):
    """What the master wants of one pod.

    `stop_by` is set once the pod has to go: until then its containers may end by themselves, then
    they are killed; `forced` without a hook or a moment more. `pod` is None for one that the master
    does not know any more. `doom` is what the node itself decided, `pending` why
    containers keep the resources that they have, `started_at` when the node took
    the pod on.
    """

    ref: PodRef
    pod: Pod | None = None
    stop_by: datetime | None = None
    forced: bool = False
    doom: Doom | None = None
    pending: Pending | None = None
    started_at: datetime | None = None


class Network(Enum):
    """What is known of the pod's link.

    After a restart of the agent it is unknown; plugging again is harmless.
    """

    UNKNOWN = "unknown"
    PLUGGED = "plugged"
    UNPLUGGED = "unplugged"


class VolumeState(Enum):
    """What is known of the pod's volumes.

    After a restart of the agent it is unknown; preparing again is harmless. Outdated ones are all
    there, but something that they show has changed.
    """

    NONE = "none"
    UNKNOWN = "unknown"
    OUTDATED = "outdated"
    READY = "ready"


class ImageState(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to "is `image` there?" for one attempt of one container.

    `reason` is empty when it is; else Kubernetes' word for what is wrong (ErrImagePull, …),
    `retry_at` tells when asking again makes sense and `failures` how often it went wrong in a row.
    `user` is the one that the image names.
    """

    image: str
    attempt: int
    user: str = ""
    reason: str = ""
    message: str = ""
    failures: int = 0
    failed_at: datetime | None = None
    retry_at: datetime | None = None


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """The last action on a target failed.

    Kubernetes' word for it, the message, when to try again.
    """

    reason: str
    message: str
    failures: int
    retry_at: datetime


class Sent(NamedTuple):
    """A signal, and when it was sent."""

    signal: str
    at: datetime


class PreStop(NamedTuple):
    """A container's preStop hook: when it began, whether it has ended."""

    begun: datetime
    ended: bool


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """A container has to end although its pod goes on: a probe or its postStart hook failed.

    `event` tells people why. It may end by itself until `by`. `again`: whatever it says at its end,
    it did not do its work.
    """

    event: str
    by: datetime
    again: bool = False


class Observed(msgspec.Struct, frozen=True, kw_only=True):
    """What is there of one pod, newest attempt first.

    `busy` names the targets of actions under way: nothing else is begun on them. `images` is by
    container name, `faults` by target. By container id: `signals`, the last ones sent; `pre_stops`,
    the hooks that were begun; `verdicts`, who has to end; `starting`, whose postStart hook has not
    ended; `health`, what the probes say of those that run and have any; `messages`, what those that
    ended left. `begun` tells how many attempts of a container have begun, also those of which
    nothing is left. What stands in the volumes has to be renewed at `renew_at`.
    """

    sandboxes: tuple[Container, ...] = ()
    containers: Mapping[str, tuple[Container, ...]] = msgspec.field(default_factory=_nothing)
    network: Network = Network.UNKNOWN
    volumes: VolumeState = VolumeState.NONE
    renew_at: datetime | None = None
    images: Mapping[str, ImageState] = msgspec.field(default_factory=_nothing)
    faults: Mapping[str, Fault] = msgspec.field(default_factory=_nothing)
    begun: Mapping[str, int] = msgspec.field(default_factory=_nothing)
    signals: Mapping[str, Sent] = msgspec.field(default_factory=_nothing)
    pre_stops: Mapping[str, PreStop] = msgspec.field(default_factory=_nothing)
    verdicts: Mapping[str, Verdict] = msgspec.field(default_factory=_nothing)
    starting: frozenset[str] = frozenset()
    resized: Mapping[str, Limits] = msgspec.field(default_factory=_nothing)
    health: Mapping[str, Health] = msgspec.field(default_factory=_nothing)
    messages: Mapping[str, str] = msgspec.field(default_factory=_nothing)
    busy: frozenset[str] = frozenset()

    @property
    def sandbox(self) -> Container | None:
        """The newest pause container."""
        return self.sandboxes[0] if self.sandboxes else None

    def attempts(self, container: str) -> tuple[Container, ...]:
        """All that is left of one container's attempts, newest first."""
        return self.containers.get(container, ())

    def newest(self, container: str) -> Container | None:
        """The newest attempt."""
        attempts = self.attempts(container)
        return attempts[0] if attempts else None

    def restarts(self, container: str) -> int:
        """How often the container began anew; one that is lost is as good as replaced."""
        begun = self.begun.get(container, 0)
        left = [attempt_of(one) for one in self.attempts(container) if one.phase in _BEGUN]
        return begun if begun and begun - 1 not in left else max(begun - 1, 0)

    def health_of(self, container: ContainerView) -> Health:
        """How a container is; one that does not run is neither started nor ready."""
        newest = self.newest(container.name)
        if newest is None or not is_running(newest) or newest.id in self.starting:
            return Health(started=False, ready=False)
        started = container.startup_probe is None
        unasked = Health(started=started, ready=started and container.readiness_probe is None)
        return self.health.get(newest.id, unasked)

    def everything(self) -> list[Container]:
        """All containers but the sandboxes."""
        return [one for attempts in self.containers.values() for one in attempts]


def sort_containers(
    found: list[Container],
) -> tuple[tuple[Container, ...], Mapping[str, tuple[Container, ...]]]:
    """Split a pod's containers into (sandboxes, the others by name), each newest attempt first."""
    by_name: dict[str, list[Container]] = {}
    for one in found:
        by_name.setdefault(one.labels.get(CONTAINER, ""), []).append(one)
    for attempts in by_name.values():
        attempts.sort(key=lambda one: (attempt_of(one), one.created_at, one.id), reverse=True)
    sandboxes = tuple(by_name.pop(SANDBOX_NAME, ()))
    return sandboxes, {name: tuple(attempts) for name, attempts in by_name.items()}


def attempt_of(container: Container) -> int:
    """How often this container of the pod had been made before."""
    return number(container.labels, ATTEMPT)


def joined(container: Container, sandbox: Container | None) -> bool:
    """Whether the container was made for this sandbox."""
    return sandbox is not None and container.labels.get(SANDBOX) == sandbox.id


def is_running(container: Container | None) -> bool:
    """Whether there is such a container and it runs."""
    return container is not None and container.phase is Phase.RUNNING
