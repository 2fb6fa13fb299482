"""A hollow pod's containers: what the engine is asked to make, what was left of it. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from minikube8s.api.times import parse_time
from minikube8s.api.views import Container as ContainerView
from minikube8s.api.views import ContainerStatus, Pod
from mk8s_agent.pods.identity import (
    ADDRESS,
    SANDBOX,
    SANDBOX_NAME,
    PodRef,
    container_name,
    pod_labels,
)
from mk8s_agent.pods.values import Network, Observed, VolumeState, attempt_of, sort_containers
from mk8s_agent.runtime.vocabulary import Container, ContainerSpec, Phase

PAUSE = "mk8s/pause:1.1"
_ENGINE = "docker://"
_LONG_AGO = "1970-01-01T00:00:00Z"


def sandbox_spec(ref: PodRef, address: str) -> ContainerSpec:
    """The pause container of a pod that has `address`."""
    return ContainerSpec(
        name=container_name(ref, SANDBOX_NAME, 0),
        image=PAUSE,
        labels={**pod_labels(ref, SANDBOX_NAME, 0), ADDRESS: address},
    )


def container_spec(ref: PodRef, container: ContainerView, sandbox: str) -> ContainerSpec:
    """One of the pod's containers, joined to its sandbox."""
    return ContainerSpec(
        name=container_name(ref, container.name, 0),
        image=container.image,
        labels={**pod_labels(ref, container.name, 0), SANDBOX: sandbox},
        network=f"container:{sandbox}",
    )


def observed(found: list[Container]) -> Observed:
    """What is seen of a pod that has these containers."""
    sandboxes, by_name = sort_containers(found)
    return Observed(
        sandboxes=sandboxes,
        containers=by_name,
        network=Network.PLUGGED,
        volumes=VolumeState.READY,
        begun={name: attempt_of(attempts[0]) + 1 for name, attempts in by_name.items()},
    )


def left_of(ref: PodRef, pod: Pod) -> list[Container]:
    """The containers that ran when the pod's status was written; none where it did not run."""
    if pod.status.phase != "Running":
        return []
    status = pod.status
    since = parse_time(status.start_time or _LONG_AGO)
    addresses = ",".join(one.ip for one in status.pod_ips)
    sandbox = Container(
        id=f"sandbox-{ref.uid}",
        name=container_name(ref, SANDBOX_NAME, 0),
        labels={**pod_labels(ref, SANDBOX_NAME, 0), ADDRESS: addresses},
        phase=Phase.RUNNING,
        image=PAUSE,
        image_id=PAUSE,
        created_at=since,
        started_at=since,
    )
    return [sandbox, *_left(ref, sandbox.id, _statuses(pod), since)]


def _statuses(pod: Pod) -> tuple[ContainerStatus, ...]:
    status = pod.status
    return (*status.init_container_statuses, *status.container_statuses)


def _left(
    ref: PodRef, sandbox: str, statuses: Iterable[ContainerStatus], since: datetime
) -> Iterable[Container]:
    for one in statuses:
        ended = one.state.terminated
        state = ended or one.state.running
        began = parse_time(state.started_at) if state is not None and state.started_at else since
        yield Container(
            id=one.container_id.removeprefix(_ENGINE),
            name=container_name(ref, one.name, one.restart_count),
            labels={**pod_labels(ref, one.name, one.restart_count), SANDBOX: sandbox},
            phase=Phase.EXITED if ended else Phase.RUNNING,
            image=one.image,
            image_id=one.image_id.removeprefix(_ENGINE),
            created_at=began,
            started_at=began,
            exit_code=ended.exit_code if ended else 0,
            finished_at=parse_time(ended.finished_at) if ended and ended.finished_at else None,
        )
