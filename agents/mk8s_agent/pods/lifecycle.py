"""Where a pod is in its life: whether its init containers are done, whether it has ended. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

from minikube8s.api.views import Container as ContainerView
from minikube8s.api.views import Pod
from mk8s_agent.pods.restarts import Policy, failed, restart
from mk8s_agent.pods.values import Desired, Doom, Observed, joined
from mk8s_agent.runtime.vocabulary import Container, Phase

Outcome = Literal["Succeeded", "Failed"]

_DEADLINE_EXCEEDED = "DeadlineExceeded"
DOOMS = frozenset({_DEADLINE_EXCEEDED, "Evicted", "Terminated"})
"""The reasons for which a node lets pods fail that had begun."""
_DEADLINE_MESSAGE = "Pod was active on the node longer than the specified deadline"
_GRACE_SECONDS = 30


def view_of(pod: Pod, name: str) -> ContainerView | None:
    """What the pod says of its container of that name; None when it has none."""
    return next((one for one in all_containers(pod) if one.name == name), None)


def all_containers(pod: Pod) -> tuple[ContainerView, ...]:
    """The pod's containers of all kinds."""
    spec = pod.spec
    return (*spec.init_containers, *spec.containers, *spec.ephemeral_containers)


def grace_of(pod: Pod) -> timedelta:
    """How long the pod's containers may take to end."""
    seconds = pod.spec.termination_grace_period_seconds
    return timedelta(seconds=_GRACE_SECONDS if seconds is None else seconds)


def is_sidecar(container: ContainerView) -> bool:
    """Whether an init container goes on running beside the others."""
    return container.restart_policy == "Always"


def policy_of(pod: Pod, container: ContainerView) -> Policy:
    """The restart policy that holds for one of the pod's containers.

    An init container that did its work stays ended, an ephemeral one in any case.
    """
    spec = pod.spec
    if any(one.name == container.name for one in spec.ephemeral_containers):
        return Policy("Never")
    name = container.restart_policy or spec.restart_policy
    init = any(one.name == container.name for one in spec.init_containers)
    if init and name == "Always" and not is_sidecar(container):
        name = "OnFailure"
    return Policy(name, container.restart_policy_rules)


def policy_now(pod: Pod, container: ContainerView, observed: Observed) -> Policy:
    """The restart policy for the newest attempt: one that a probe ended has failed."""
    policy, newest = policy_of(pod, container), observed.newest(container.name)
    verdict = observed.verdicts.get(newest.id) if newest is not None else None
    again = policy.name == "OnFailure" and verdict is not None and verdict.again
    return Policy("Always") if again else policy


def init_done(container: ContainerView, observed: Observed) -> bool:
    """Whether the next container may come.

    This init container did its work in the present sandbox.
    """
    newest = observed.newest(container.name)
    if newest is None or not joined(newest, observed.sandbox):
        return False
    if is_sidecar(container):
        return observed.health_of(container).started
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
    ended = [_ended(pod, one, observed) for one in pod.spec.containers]
    if ended and all(one is not None for one in ended):
        return "Failed" if any(one is not None and failed(one) for one in ended) else "Succeeded"
    if not initialized(pod, observed):
        for one in pod.spec.init_containers:
            dead = _ended(pod, one, observed)
            if dead is not None and failed(dead):
                return "Failed"
    return None


def ended_at(pod: Pod, observed: Observed, now: datetime) -> datetime:
    """When the last of the pod's own containers ended; `now` when none is left to tell."""
    newest = [
        observed.newest(one.name) for one in (*pod.spec.containers, *pod.spec.init_containers)
    ]
    return max((one.finished_at for one in newest if one and one.finished_at), default=now)


def deadline(desired: Desired) -> datetime | None:
    """Until when the pod may be active on the node; None: as long as it likes."""
    pod = desired.pod
    if pod is None or pod.spec.active_deadline_seconds is None or desired.started_at is None:
        return None
    return desired.started_at + timedelta(seconds=pod.spec.active_deadline_seconds)


def doom_of(desired: Desired, now: datetime) -> Doom | None:
    """Why the node lets the pod fail, if it does."""
    due = deadline(desired)
    if desired.doom is not None or due is None or now < due:
        return desired.doom
    by = due + (timedelta() if desired.pod is None else grace_of(desired.pod))
    return Doom(reason=_DEADLINE_EXCEEDED, message=_DEADLINE_MESSAGE, by=by)


def _ended(pod: Pod, container: ContainerView, observed: Observed) -> Container | None:
    """The container, if it ended and will not run again."""
    newest = observed.newest(container.name)
    if newest is None or newest.phase is not Phase.EXITED:
        return None
    return newest if restart(policy_now(pod, container, observed), newest) is None else None
