"""What probes mean for a pod: whom to ask, who is ready, who has to end. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from minikube8s.api.views import Container as ContainerView
from minikube8s.api.views import ContainerStatus, Pod
from mk8s_agent.pods.container_status import container_id
from mk8s_agent.pods.expansion import expand
from mk8s_agent.pods.lifecycle import grace_of, is_sidecar, policy_of
from mk8s_agent.pods.values import Observed, Verdict, is_running
from mk8s_agent.probes.values import Health, Kind, Subject, probes_of


def command_of(container: ContainerView, command: tuple[str, ...]) -> tuple[str, ...]:
    """A probe's command; its references are to the variables that the container spells out."""
    values = {one.name: one.value for one in container.env}
    return tuple(expand(word, values) for word in command)


def subjects(pod: Pod, observed: Observed, host: str) -> list[Subject]:
    """The running containers that have probes; `host` is the pod's address."""
    found = []
    for container in _probed(pod):
        newest = observed.newest(container.name)
        if newest is None or not is_running(newest) or newest.id in observed.starting:
            continue
        found.append(
            Subject(
                id=newest.id,
                container=container,
                host=host,
                began=newest.started_at or newest.created_at,
                known=_known(pod, container_id(newest)),
            )
        )
    return found


def condemned(
    pod: Pod, observed: Observed, health: Mapping[str, Health], now: datetime
) -> dict[str, Verdict]:
    """The containers whose liveness or startup probe failed, by id."""
    found = {}
    for container in _probed(pod):
        newest = observed.newest(container.name)
        said = health.get(newest.id) if newest is not None else None
        if newest is not None and said is not None and said.failed is not None:
            found[newest.id] = Verdict(
                event=_event(pod, container, said.failed),
                by=now + _grace(pod, container, said.failed),
                again=True,
            )
    return found


def _probed(pod: Pod) -> list[ContainerView]:
    every = (*pod.spec.init_containers, *pod.spec.containers)
    return [one for one in every if probes_of(one)]


def _known(pod: Pod, id: str) -> Health | None:
    """What the master was told of this very container, by whichever agent."""
    statuses: tuple[ContainerStatus, ...] = (
        *pod.status.init_container_statuses,
        *pod.status.container_statuses,
    )
    for one in statuses:
        if one.container_id == id:
            return Health(started=bool(one.started), ready=one.ready)
    return None


def _event(pod: Pod, container: ContainerView, failed: Kind) -> str:
    if is_sidecar(container) and container in pod.spec.init_containers:
        return f"Init container {container.name} failed {failed.lower()} probe"
    event = f"Container {container.name} failed {failed.lower()} probe"
    never = policy_of(pod, container).name == "Never"
    return event if never else f"{event}, will be restarted"


def _grace(pod: Pod, container: ContainerView, failed: Kind) -> timedelta:
    seconds = probes_of(container)[failed].termination_grace_period_seconds
    return grace_of(pod) if seconds is None else timedelta(seconds=seconds)
