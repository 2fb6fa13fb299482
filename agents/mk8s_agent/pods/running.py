"""Bringing a pod up: its sandbox and network, beside that its containers in their order. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import NamedTuple

from minikube8s.api.views import Container as ContainerView
from minikube8s.api.views import Pod
from mk8s_agent.pods.actions import (
    BackOffImage,
    CreateContainer,
    CreateSandbox,
    EnsureImage,
    PlugNetwork,
    PrepareVolumes,
    Remove,
    Resize,
    RunPostStart,
    StartContainer,
    StartSandbox,
)
from mk8s_agent.pods.ending import clear_old_attempts, end, end_within, kill, stopping
from mk8s_agent.pods.lifecycle import init_done, initialized, is_sidecar, policy_now, policy_of
from mk8s_agent.pods.plan import Plan, name_of, own_target
from mk8s_agent.pods.resizing import change, restarts
from mk8s_agent.pods.restarts import RESTART_ALL, restart, rule_action
from mk8s_agent.pods.values import (
    PULL_FAILED,
    ImageState,
    Network,
    Observed,
    VolumeState,
    attempt_of,
    is_running,
    joined,
)
from mk8s_agent.runtime.vocabulary import Container, Phase

_AGREEMENT = timedelta(seconds=2)
"""How far the engine's clock may be ahead of ours."""
_PULL_ERROR_SHOWN = timedelta(seconds=3)


class _Turn(NamedTuple):
    """A container whose turn it is.

    `fixed`: what it runs cannot be changed any more. `may_start` is false while another one's
    postStart hook holds it up: then it is only prepared.
    """

    container: ContainerView
    fixed: bool = False
    may_start: bool = True


def bring_up(plan: Plan, pod: Pod) -> None:
    """Bring up what is missing: the sandbox, then its network, beside that the containers."""
    observed = plan.observed
    sandbox = observed.sandbox
    if _restarts_all(pod, observed):
        _end_sandbox(plan)
        return
    if sandbox is None or sandbox.phase is Phase.EXITED:
        strays = [one for one in observed.everything() if is_running(one)]
        for one in strays:
            kill(plan, one, stopping(one))
        if not strays:
            plan.add(CreateSandbox(0 if sandbox is None else attempt_of(sandbox) + 1))
        sandbox = None
    elif sandbox.phase is Phase.CREATED:
        plan.add(StartSandbox(sandbox.id))
    elif observed.network is not Network.PLUGGED:
        plan.add(PlugNetwork(sandbox))
    for old in observed.sandboxes[1:]:
        plan.add(Remove(own_target(old), old.id))
    _keep_volumes(plan, pod)
    for turn in _due(pod, observed):
        _advance(plan, pod, turn, sandbox)
    clear_old_attempts(plan, pod)


def _restarts_all(pod: Pod, observed: Observed) -> bool:
    """Whether a container ended in a way after which the whole pod shall begin anew."""
    for one in (*pod.spec.init_containers, *pod.spec.containers):
        newest = observed.newest(one.name)
        if newest is None or newest.phase is not Phase.EXITED:
            continue
        asked = rule_action(policy_of(pod, one), newest) == RESTART_ALL
        if asked and joined(newest, observed.sandbox) and is_running(observed.sandbox):
            return True
    return False


def _end_sandbox(plan: Plan) -> None:
    """End all containers, then what they share: then the pod comes up as if it were new."""
    running = [one for one in plan.observed.everything() if is_running(one)]
    for one in running:
        kill(plan, one, f"Stopping container {name_of(one)}")
    if not running and plan.observed.sandbox is not None:
        kill(plan, plan.observed.sandbox)


def _keep_volumes(plan: Plan, pod: Pod) -> None:
    """See that the volumes are there, and that what stands in them is up to date."""
    observed = plan.observed
    if not pod.spec.volumes:
        return
    renew_at = observed.renew_at
    if observed.volumes is not VolumeState.READY or (renew_at and renew_at <= plan.now):
        plan.add(PrepareVolumes())
    elif renew_at:
        plan.look_again(renew_at)


def _volumes_ready(pod: Pod, observed: Observed) -> bool:
    """Whether containers may be made as far as the pod's volumes are concerned."""
    there = (VolumeState.READY, VolumeState.OUTDATED)
    return not pod.spec.volumes or observed.volumes in there


def _due(pod: Pod, observed: Observed) -> Iterator[_Turn]:
    """The containers whose turn it is."""
    for one in pod.spec.ephemeral_containers:
        yield _Turn(one, fixed=True)
    for one in pod.spec.init_containers:
        if is_sidecar(one) or not initialized(pod, observed):
            yield _Turn(one, fixed=not is_sidecar(one))
        if not init_done(one, observed) and not initialized(pod, observed):
            return
    may_start = True
    for one in pod.spec.containers:
        yield _Turn(one, may_start=may_start)
        may_start = may_start and not _holds_up(one, observed)


def _holds_up(container: ContainerView, observed: Observed) -> bool:
    """Whether the containers behind this one wait for its postStart hook."""
    newest = observed.newest(container.name)
    if container.lifecycle.post_start is None:
        return False
    if newest is not None and newest.phase is not Phase.CREATED:
        return newest.id in observed.starting
    image = observed.images.get(container.name)
    return container.name not in observed.faults and not (image and image.reason)


def _advance(plan: Plan, pod: Pod, turn: _Turn, sandbox: Container | None) -> None:
    """One container one step further on its way: image, create, start, and again after its end."""
    container = turn.container
    newest = plan.observed.newest(container.name)
    attempt, backoff = plan.observed.begun.get(container.name, 0), 0
    if newest is not None:
        if newest.phase is Phase.RUNNING:
            _watch(plan, pod, turn, newest, sandbox)
            return
        if newest.phase is Phase.CREATED:
            _start(plan, turn, newest, sandbox)
            return
        attempt = max(attempt, attempt_of(newest) + 1)
        if not _begins_anew(pod, container, newest, plan.observed):
            again = restart(policy_now(pod, container, plan.observed), newest)
            if again is None:
                return
            # What ended in the future ended before somebody set the clock back.
            if plan.now < again.at <= plan.now + again.delay + _AGREEMENT:
                plan.look_again(again.at)
                return
            backoff = again.level
    ready = _image_present(plan, container, attempt) and _volumes_ready(pod, plan.observed)
    if not ready or sandbox is None:
        return
    beside = plan.observed.newest(container.target_container_name)
    if not container.target_container_name or is_running(beside):
        near = beside.id if beside else ""
        plan.add(CreateContainer(container, attempt, backoff, sandbox, near))


def _begins_anew(pod: Pod, container: ContainerView, dead: Container, observed: Observed) -> bool:
    """Whether this init container did its work for a sandbox that is not there any more."""
    return (
        any(one.name == container.name for one in pod.spec.init_containers)
        and not is_sidecar(container)
        and not joined(dead, observed.sandbox)
    )


def _watch(
    plan: Plan, pod: Pod, turn: _Turn, running: Container, sandbox: Container | None
) -> None:
    """A container that runs: whether it may go on, and its postStart hook."""
    observed, container = plan.observed, turn.container
    if sandbox is not None and not joined(running, sandbox):
        kill(plan, running, stopping(running))
    elif verdict := observed.verdicts.get(running.id):
        end(plan, pod, running, verdict.event, verdict.by)
    elif running.image != container.image and not turn.fixed:
        event = f"Container {container.name} definition changed, will be restarted"
        end_within(plan, pod, running, event)
    elif plan.may_resize and not turn.fixed and (wanted := change(pod, container, observed)):
        if restarts(container, running, wanted):
            event = f"Container {container.name} resize requires restart"
            end_within(plan, pod, running, event)
        else:
            plan.add(Resize(own_target(running), running.id, wanted))
    elif running.id in observed.starting and container.lifecycle.post_start is not None:
        plan.add(RunPostStart(container, running.id))


def _start(plan: Plan, turn: _Turn, made: Container, sandbox: Container | None) -> None:
    """Start what was made for this sandbox.

    What was made for an earlier one cannot start any more.
    """
    if sandbox is not None and not joined(made, sandbox):
        plan.add(Remove(turn.container.name, made.id))
    elif is_running(sandbox) and plan.observed.network is Network.PLUGGED and turn.may_start:
        plan.add(StartContainer(turn.container.name, made.id))


def _image_present(plan: Plan, container: ContainerView, attempt: int) -> bool:
    """Whether this attempt may use its image.

    Else see to it, or wait until asking again makes sense.
    """
    known = plan.observed.images.get(container.name)
    if known is None or (known.attempt, known.image) != (attempt, container.image):
        plan.add(EnsureImage(container, attempt))
        return False
    if known.retry_at is not None and known.retry_at <= plan.now:
        plan.add(EnsureImage(container, attempt))
    elif known.retry_at is not None:
        plan.look_again(known.retry_at)
        _announce_back_off(plan, container, known)
    return not known.reason


def _announce_back_off(plan: Plan, container: ContainerView, known: ImageState) -> None:
    """A failed pull is shown as such for a moment, then as the wait for the next one."""
    if known.reason != PULL_FAILED or known.failed_at is None:
        return
    due = known.failed_at + _PULL_ERROR_SHOWN
    if plan.now < due:
        plan.look_again(due)
    else:
        plan.add(BackOffImage(container.name))
