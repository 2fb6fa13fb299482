"""Resizing containers that run: what has to change, whether there is room, what is told. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from minikube8s.api import quantity
from minikube8s.api.views import Container as ContainerView
from minikube8s.api.views import Pod, ResourceRequirements
from mk8s_agent.pods.plan import own_target
from mk8s_agent.pods.values import Observed, Pending
from mk8s_agent.runtime.vocabulary import Container, Limits, Phase

_LEAST_SHARES, _MOST_SHARES = 2, 262_144
_LEAST_QUOTA = 1_000
_RESOURCES = ("cpu", "memory")
_RESTART = "RestartContainer"


def limits_of(container: ContainerView) -> Limits:
    """The processors and memory that a container shall have."""
    limits, requests = container.resources.limits, container.resources.requests
    cpu = quantity.parse(requests.get("cpu", limits.get("cpu", 0))).milli
    cpu_limit = quantity.parse(limits.get("cpu", 0)).milli
    return Limits(
        cpu_shares=min(max(cpu * 1024 // 1000, _LEAST_SHARES), _MOST_SHARES),
        cpu_quota=max(cpu_limit * 100, _LEAST_QUOTA) if cpu_limit else 0,
        memory=quantity.parse(limits.get("memory", 0)).value,
    )


def change(pod: Pod, container: ContainerView, observed: Observed) -> Limits | None:
    """What the container shall have instead of what it has.

    None: nothing else, or it does not run, or the engine has been told so already.
    """
    if pod.metadata.generation <= 1:
        # Nothing of its spec was ever changed.
        return None
    running = observed.newest(container.name)
    if running is None or running.phase is not Phase.RUNNING or running.limits is None:
        return None
    wanted = msgspec.structs.replace(
        limits_of(container), oom_score_adj=running.limits.oom_score_adj
    )
    if wanted in (running.limits, observed.resized.get(running.id)):
        return None
    return wanted


def restarts(container: ContainerView, running: Container, wanted: Limits) -> bool:
    """Whether the container wants to begin anew rather than be changed while it runs."""
    has = running.limits or Limits()
    changed = set()
    if (has.cpu_shares, has.cpu_quota) != (wanted.cpu_shares, wanted.cpu_quota):
        changed.add("cpu")
    if has.memory != wanted.memory:
        changed.add("memory")
    return any(
        one.resource_name in changed and one.restart_policy == _RESTART
        for one in container.resize_policy
    )


def resizable(pod: Pod) -> Iterator[ContainerView]:
    """The containers whose resources may change: all that stay."""
    yield from (one for one in pod.spec.init_containers if one.restart_policy == "Always")
    yield from pod.spec.containers


def pending(
    pod: Pod, observed: Observed, others: Iterable[Pod], allocatable: Mapping[str, str]
) -> Pending | None:
    """Why the pod cannot have what it wants now; None when it can, or has it.

    `allocatable` is the node's, `others` are its other pods. Processors are told in millicores.
    """
    if not any(change(pod, one, observed) for one in resizable(pod)):
        return None
    used: dict[str, int] | None = None
    for name in _RESOURCES:
        most = _amount(name, allocatable.get(name, 0))
        wanted = _requested(pod, name)
        if wanted > most:
            what = f"{name}, requested: {wanted}, capacity: {most}"
            return Pending("Infeasible", f"Node didn't have enough capacity: {what}")
        if used is None:
            alive = [one for one in others if not one.terminal]
            used = {each: sum(_requested(one, each) for one in alive) for each in _RESOURCES}
        if wanted + used[name] > most:
            what = f"{name}, requested: {wanted}, used: {used[name]}, capacity: {most}"
            return Pending("Deferred", f"Node didn't have enough resource: {what}")
    return None


def _requested(pod: Pod, name: str) -> int:
    """What the containers that stay ask for together."""
    return sum(_amount(name, one.resources.requests.get(name, 0)) for one in resizable(pod))


def _amount(name: str, written: str | int | float) -> int:
    parsed = quantity.parse(written)
    return parsed.milli if name == "cpu" else parsed.value


def trouble(pod: Pod, observed: Observed) -> str | None:
    """What keeps a resize from its end, empty: nothing yet; None when none is under way."""
    under_way = [one for one in resizable(pod) if change(pod, one, observed)]
    if not under_way:
        return None
    for one in under_way:
        running = observed.newest(one.name)
        fault = observed.faults.get(own_target(running)) if running is not None else None
        if fault is not None:
            return fault.message
    return ""


Told = Mapping[str, Any]
"""`resources` and `allocatedResources` of a container's status."""


def told(pod: Pod, container: ContainerView, observed: Observed, before: Told) -> Told:
    """What a container's status says of its resources; until they are changed, what it said."""
    return before if change(pod, container, observed) else told_of(container.resources)


def told_of(resources: ResourceRequirements) -> Told:
    """Resources as a container's status tells them."""
    status: dict[str, Any] = {}
    if resources.requests or resources.limits:
        shown = {"requests": resources.requests, "limits": resources.limits}
        status["resources"] = {name: dict(value) for name, value in shown.items() if value}
    if resources.requests:
        status["allocatedResources"] = dict(resources.requests)
    return status
