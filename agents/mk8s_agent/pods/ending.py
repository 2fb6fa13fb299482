"""How containers end: one by one, a whole pod in its order, and what is left of it. Pure.

A container gets its preStop hook, then its stop signal, then SIGKILL. Of a pod that ends, sidecars
get their signal after all others, the last one first.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from minikube8s.api.views import Container as ContainerView
from minikube8s.api.views import Pod
from mk8s_agent.pods.actions import (
    Remove,
    RemoveVolumes,
    RunPreStop,
    Signal,
    Step,
    UnplugNetwork,
    is_hook,
)
from mk8s_agent.pods.lifecycle import grace_of, is_sidecar, view_of
from mk8s_agent.pods.plan import Plan, name_of, own_target
from mk8s_agent.pods.values import Desired, Network, Observed, VolumeState, is_running
from mk8s_agent.runtime.vocabulary import Container, Phase

_KILL = "SIGKILL"
_KILL_PATIENCE = timedelta(seconds=10)
"""How long SIGKILL may take before it is sent again."""
LEAST_PATIENCE = timedelta(seconds=2)
"""What a container has between its stop signal and SIGKILL, whatever its hook used up."""


def end(
    plan: Plan,
    pod: Pod | None,
    container: Container,
    event: str,
    by: datetime,
    *,
    turn: bool = True,
) -> None:
    """One step further to a container's end: its preStop hook, its stop signal, SIGKILL.

    It may end by itself until `by`; before that it gets its signal only if it is its `turn`.
    """
    sent = plan.observed.signals.get(container.id)
    if sent is not None:
        killed_at = max(by, sent.at + LEAST_PATIENCE)
        if plan.now < killed_at:
            plan.look_again(killed_at)
        else:
            kill(plan, container)
        return
    hook = plan.observed.pre_stops.get(container.id)
    if plan.now < by:
        plan.look_again(by)
        view = view_of(pod, name_of(container)) if pod is not None else None
        if hook is None and view is not None and view.lifecycle.pre_stop is not None:
            plan.add(RunPreStop(view, container.id, by, event))
            return
        if not turn or (hook is not None and not hook.ended):
            return
    told = "" if hook is not None else event
    plan.add(
        Signal(own_target(container), name_of(container), container.id, container.stop_signal, told)
    )


def end_within(plan: Plan, pod: Pod, container: Container, event: str) -> None:
    """`end` with the pod's grace period, counted from the first thing done to the container."""
    begun = plan.now
    if sent := plan.observed.signals.get(container.id):
        begun = sent.at
    if hook := plan.observed.pre_stops.get(container.id):
        begun = min(begun, hook.begun)
    end(plan, pod, container, event, begun + grace_of(pod))


def kill(plan: Plan, container: Container, event: str = "") -> None:
    """SIGKILL, and again if it is still there after a while."""
    last = plan.observed.signals.get(container.id)
    if last is not None and last.signal == _KILL and plan.now < last.at + _KILL_PATIENCE:
        plan.look_again(last.at + _KILL_PATIENCE)
        return
    told = "" if last is not None or container.id in plan.observed.pre_stops else event
    plan.add(Signal(own_target(container), name_of(container), container.id, _KILL, told))


def rest(plan: Plan, pod: Pod, by: datetime) -> None:
    """Nothing of the pod starts any more.

    End what still runs, give the network back, keep the dead for their logs.
    """
    observed = plan.observed
    running = _running(observed)
    _end_in_order(plan, pod, running, by)
    sandbox = observed.sandbox
    if not running and sandbox is not None:
        if observed.network is not Network.UNPLUGGED:
            plan.add(UnplugNetwork())
        elif is_running(sandbox):
            kill(plan, sandbox)
    if not running:
        _remove_volumes(plan)
    clear_old_attempts(plan, pod)


def take_down(plan: Plan, desired: Desired, stop_by: datetime) -> Step:
    """Ask all containers to end, kill them when time is up, then remove everything."""
    observed = plan.observed
    running = _running(observed)
    if running and not desired.forced:
        _end_in_order(plan, desired.pod, running, stop_by)
        return plan.step()
    for name, attempts in observed.containers.items():
        # The newest may be just being started: removing it waits for that.
        for one in attempts[1:] if name in observed.busy else attempts:
            event = stopping(one) if is_running(one) else ""
            plan.add(Remove(own_target(one), one.id, event))
    if not observed.containers:
        _remove_volumes(plan)
    if observed.network is not Network.UNPLUGGED:
        plan.add(UnplugNetwork())
    if not _begun(observed):
        for one in observed.sandboxes:
            plan.add(Remove(own_target(one), one.id))
    if not _is_left(observed) and all(is_hook(target) for target in observed.busy):
        return Step(gone=True)
    return plan.step()


def _is_left(observed: Observed) -> bool:
    """Whether anything of the pod is there."""
    return bool(
        observed.everything()
        or observed.sandboxes
        or observed.volumes is not VolumeState.NONE
        or observed.network is not Network.UNPLUGGED
    )


def clear_old_attempts(plan: Plan, pod: Pod) -> None:
    """Remove the attempts that tell nothing; of containers that the pod does not have, all."""
    for name, attempts in plan.observed.containers.items():
        kept = _worth_keeping(attempts) if view_of(pod, name) is not None else ()
        for old in attempts:
            if old not in kept:
                plan.add(Remove(own_target(old), old.id))


def _worth_keeping(attempts: tuple[Container, ...]) -> tuple[Container, ...]:
    """The newest attempt, the last one that ended, and the last one that ran: its log is `logs
    -p`.
    """
    dead = [one for one in attempts if one.phase is Phase.EXITED]
    ran = [one for one in dead if one.started_at is not None]
    return (*attempts[:1], *dead[:1], *ran[:1])


def _remove_volumes(plan: Plan) -> None:
    if plan.observed.volumes is not VolumeState.NONE and not _begun(plan.observed):
        plan.add(RemoveVolumes())


def _running(observed: Observed) -> list[Container]:
    return [one for one in observed.everything() if is_running(one)]


def _end_in_order(plan: Plan, pod: Pod | None, running: Sequence[Container], by: datetime) -> None:
    """Everything but the sidecars at once, then these from the last to the first."""
    sidecars = _sidecars(pod)
    last = max((sidecars.get(name_of(one), len(sidecars)) for one in running), default=0)
    for one in running:
        turn = sidecars.get(name_of(one), len(sidecars)) == last
        end(plan, pod, one, stopping(one), by, turn=turn)


def _sidecars(pod: Pod | None) -> dict[str, int]:
    """The pod's sidecars by name, numbered in their order."""
    found: list[ContainerView] = []
    if pod is not None:
        found = [one for one in pod.spec.init_containers if is_sidecar(one)]
    return {one.name: number for number, one in enumerate(found)}


def stopping(container: Container) -> str:
    """What people are told of a container that has to end with its pod."""
    return f"Stopping container {name_of(container)}"


def _begun(observed: Observed) -> bool:
    """Whether something is under way that may still bring a container or a sandbox."""
    return any("/" not in target for target in observed.busy)
