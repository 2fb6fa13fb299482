"""Where a pod is in its life: whether its init containers are done, whether it has ended. Pure."""

from __future__ import annotations

from typing import Literal

from minikube8s.api.views import Container as ContainerView
from minikube8s.api.views import Pod
from mk8s_agent.pods.restarts import failed, restart
from mk8s_agent.pods.values import Observed, is_running, joined
from mk8s_agent.runtime.interface import Container, Phase

Outcome = Literal["Succeeded", "Failed"]


def is_sidecar(container: ContainerView) -> bool:
    """Whether an init container goes on running beside the others."""
    return container.restart_policy == "Always"


def policy_of(pod: Pod, container: ContainerView, *, init: bool) -> str:
    """The restart policy that holds for one container.

    An init container that did its work stays ended.
    """
    if init and is_sidecar(container):
        return "Always"
    policy = pod.spec.restart_policy
    return "OnFailure" if init and policy == "Always" else policy


def init_done(container: ContainerView, observed: Observed) -> bool:
    """Whether the next container may come.

    This init container did its work in the present sandbox.
    """
    newest = observed.newest(container.name)
    if newest is None or not joined(newest, observed.sandbox):
        return False
    if is_sidecar(container):
        return is_running(newest)
    return newest.phase is Phase.EXITED and not failed(newest)


def initialized(pod: Pod, observed: Observed) -> bool:
    """Whether all init containers are done.

    Once a container was made after them they are for good.
    """
    begun = any(
        joined(one, observed.sandbox)
        for container in pod.spec.containers
        for one in observed.attempts(container.name)
    )
    return begun or all(init_done(one, observed) for one in pod.spec.init_containers)


def outcome(pod: Pod, observed: Observed) -> Outcome | None:
    """How the pod ended for good.

    None while it may still run. What the master has written down stays.
    """
    if pod.status.phase in ("Succeeded", "Failed"):
        return "Succeeded" if pod.status.phase == "Succeeded" else "Failed"
    policy = pod.spec.restart_policy
    ended = [_ended(policy, observed.newest(one.name)) for one in pod.spec.containers]
    if ended and all(one is not None for one in ended):
        return "Failed" if any(one is not None and failed(one) for one in ended) else "Succeeded"
    if not initialized(pod, observed):
        for one in pod.spec.init_containers:
            dead = _ended(policy_of(pod, one, init=True), observed.newest(one.name))
            if dead is not None and failed(dead):
                return "Failed"
    return None


def _ended(policy: str, newest: Container | None) -> Container | None:
    """The container, if it ended and will not run again."""
    if newest is None or newest.phase is not Phase.EXITED:
        return None
    return newest if restart(policy, newest) is None else None
