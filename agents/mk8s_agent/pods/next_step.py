"""The decision of a pod's worker: `next_step(desired, observed, now)`.

Pure, and level-triggered: it looks only at what is there, so it does not matter who made it that
way, or at which point an earlier agent was interrupted. Actions of one step are independent of each
other; a target with an action under way gets no second one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from minikube8s.api.views import Container as ContainerView
from minikube8s.api.views import Pod
from mk8s_agent.pods.identity import CONTAINER
from mk8s_agent.pods.lifecycle import init_done, initialized, is_sidecar, outcome, policy_of
from mk8s_agent.pods.restarts import restart
from mk8s_agent.pods.values import (
    PULL_FAILED,
    Action,
    BackOffImage,
    CreateContainer,
    CreateSandbox,
    Desired,
    EnsureImage,
    ImageState,
    Network,
    Observed,
    PlugNetwork,
    Remove,
    Signal,
    StartContainer,
    StartSandbox,
    Step,
    UnplugNetwork,
    attempt_of,
    is_running,
    joined,
)
from mk8s_agent.runtime.interface import Container, Phase

_KILL = "SIGKILL"
_KILL_PATIENCE = timedelta(seconds=10)
"""How long SIGKILL may take before it is sent again."""
_PULL_ERROR_SHOWN = timedelta(seconds=3)
_SANDBOX_CHANGED = "Pod sandbox changed, it will be killed and re-created."


@dataclass(slots=True)
class _Plan:
    """Collects the actions of one step; keeps busy and faulty targets free of new ones."""

    observed: Observed
    now: datetime
    actions: list[Action] = field(default_factory=list)
    wake_at: datetime | None = None

    def add(self, action: Action) -> None:
        taken = self.observed.busy | {one.target for one in self.actions}
        if action.target in taken:
            return
        fault = self.observed.faults.get(action.target)
        if fault is not None and fault.retry_at > self.now:
            self.look_again(fault.retry_at)
            return
        self.actions.append(action)

    def look_again(self, at: datetime) -> None:
        self.wake_at = at if self.wake_at is None else min(self.wake_at, at)

    def step(self) -> Step:
        return Step(actions=tuple(self.actions), wake_at=self.wake_at)


def next_step(desired: Desired, observed: Observed, now: datetime) -> Step:
    """What to do next for one pod.

    Doing it, and calling again with what is seen then, converges.
    """
    plan = _Plan(observed, now)
    if desired.pod is None or desired.stop_by is not None:
        return _take_down(plan, desired.stop_by or now)
    if outcome(desired.pod, observed) is not None:
        _rest(plan, desired.pod)
    else:
        _run(plan, desired.pod)
    return plan.step()


# ---- the pod shall run
# ----------------------------------------------------------------------------


def _run(plan: _Plan, pod: Pod) -> None:
    """Bring up what is missing: the sandbox, then its network, beside that the containers."""
    observed = plan.observed
    sandbox = observed.sandbox
    if sandbox is None or sandbox.phase is Phase.EXITED:
        strays = [one for one in observed.everything() if is_running(one)]
        for one in strays:
            _kill(plan, one, _SANDBOX_CHANGED)
        if not strays:
            plan.add(CreateSandbox(0 if sandbox is None else attempt_of(sandbox) + 1))
        sandbox = None
    elif sandbox.phase is Phase.CREATED:
        plan.add(StartSandbox(sandbox.id))
    elif observed.network is not Network.PLUGGED:
        plan.add(PlugNetwork(sandbox))
    for old in observed.sandboxes[1:]:
        plan.add(Remove(_own_target(old), old.id))
    for container, init in _due(pod, observed):
        _advance(plan, container, policy_of(pod, container, init=init), sandbox)
    _clear_old_attempts(plan, pod)


def _due(pod: Pod, observed: Observed) -> Iterator[tuple[ContainerView, bool]]:
    """The containers whose turn it is, with whether they are init containers."""
    for one in pod.spec.init_containers:
        if is_sidecar(one) or not initialized(pod, observed):
            yield one, True
        if not init_done(one, observed) and not initialized(pod, observed):
            return
    for one in pod.spec.containers:
        yield one, False


def _advance(plan: _Plan, container: ContainerView, policy: str, sandbox: Container | None) -> None:
    """One container one step further on its way: image, create, start, and again after its end."""
    newest = plan.observed.newest(container.name)
    attempt, backoff = 0, 0
    if newest is not None:
        if newest.phase is Phase.RUNNING:
            if sandbox is not None and not joined(newest, sandbox):
                _kill(plan, newest, _SANDBOX_CHANGED)
            elif newest.image != container.image:
                _end(plan, newest, f"Container {container.name} definition changed")
            return
        if newest.phase is Phase.CREATED:
            _start(plan, container, newest, sandbox)
            return
        again = restart(policy, newest)
        if again is None:
            return
        if again.at > plan.now:
            plan.look_again(again.at)
            return
        attempt, backoff = attempt_of(newest) + 1, again.level
    if _image_present(plan, container, attempt) and sandbox is not None:
        plan.add(CreateContainer(container, attempt, backoff, sandbox))


def _start(
    plan: _Plan, container: ContainerView, made: Container, sandbox: Container | None
) -> None:
    """Start what was made for this sandbox.

    What was made for an earlier one cannot start any more.
    """
    if sandbox is not None and not joined(made, sandbox):
        plan.add(Remove(container.name, made.id))
    elif is_running(sandbox) and plan.observed.network is Network.PLUGGED:
        plan.add(StartContainer(container.name, made.id))


def _image_present(plan: _Plan, container: ContainerView, attempt: int) -> bool:
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


def _announce_back_off(plan: _Plan, container: ContainerView, known: ImageState) -> None:
    """A failed pull is shown as such for a moment, then as the wait for the next one."""
    if known.reason != PULL_FAILED or known.failed_at is None:
        return
    due = known.failed_at + _PULL_ERROR_SHOWN
    if plan.now < due:
        plan.look_again(due)
    else:
        plan.add(BackOffImage(container.name))


def _clear_old_attempts(plan: _Plan, pod: Pod) -> None:
    """Of every container the newest attempt stays, and the last one that ended: its log is `logs
    -p`.

    Of containers that the pod does not have, nothing stays.
    """
    known = {one.name for one in (*pod.spec.init_containers, *pod.spec.containers)}
    for name, attempts in plan.observed.containers.items():
        keep = 0
        if name in known:
            keep = 1 if attempts[0].phase is Phase.EXITED else 2
        for old in attempts[keep:]:
            plan.add(Remove(_own_target(old), old.id))
        for old in attempts[1:keep]:
            if old.phase is not Phase.EXITED:
                plan.add(Remove(_own_target(old), old.id))


# ---- the pod has ended by itself
# ------------------------------------------------------------------


def _rest(plan: _Plan, pod: Pod) -> None:
    """Nothing starts any more.

    End what still runs, give the network back, keep the dead for their logs.
    """
    observed = plan.observed
    running = [one for one in observed.everything() if is_running(one)]
    for one in running:
        _end(plan, one, f"Stopping container {_name(one)}")
    sandbox = observed.sandbox
    if not running and sandbox is not None:
        if observed.network is not Network.UNPLUGGED:
            plan.add(UnplugNetwork())
        elif is_running(sandbox):
            _kill(plan, sandbox)
    _clear_old_attempts(plan, pod)


# ---- the pod shall go
# -----------------------------------------------------------------------------


def _take_down(plan: _Plan, stop_by: datetime) -> Step:
    """Ask all containers to end, kill them when time is up, then remove everything."""
    observed = plan.observed
    running = [one for one in observed.everything() if is_running(one)]
    for one in running:
        if plan.now < stop_by:
            _end(plan, one, f"Stopping container {_name(one)}")
            plan.look_again(stop_by)
        else:
            _kill(plan, one, f"Stopping container {_name(one)}")
    if running:
        return plan.step()
    for name, attempts in observed.containers.items():
        # The newest may be just being started: removing it waits for that.
        for one, target in zip(attempts, [name, *map(_own_target, attempts[1:])], strict=True):
            plan.add(Remove(target, one.id))
    if observed.network is not Network.UNPLUGGED:
        plan.add(UnplugNetwork())
    elif not observed.containers and not _begun(observed):
        for one in observed.sandboxes:
            plan.add(Remove(_own_target(one), one.id))
        if not observed.sandboxes and not observed.busy:
            return Step(gone=True)
    return plan.step()


def _begun(observed: Observed) -> bool:
    """Whether something is under way that may still bring a container or a sandbox."""
    return any("/" not in target for target in observed.busy)


# ---- ending one container
# -------------------------------------------------------------------------


def _end(plan: _Plan, container: Container, event: str) -> None:
    """Its own stop signal, once."""
    if container.id not in plan.observed.signals:
        plan.add(
            Signal(
                _own_target(container), _name(container), container.id, container.stop_signal, event
            )
        )


def _kill(plan: _Plan, container: Container, event: str = "") -> None:
    """SIGKILL, and again if it is still there after a while."""
    last = plan.observed.signals.get(container.id)
    if last is not None and last.signal == _KILL and plan.now < last.at + _KILL_PATIENCE:
        plan.look_again(last.at + _KILL_PATIENCE)
        return
    told = "" if last is not None else event
    plan.add(Signal(_own_target(container), _name(container), container.id, _KILL, told))


def _name(container: Container) -> str:
    return container.labels.get(CONTAINER, "")


def _own_target(container: Container) -> str:
    """A target for an old container, out of the way of the newest attempt's."""
    return f"{_name(container)}/{container.id}"
