"""Events of a pod that follow from what is seen or what failed; those of an action are told by it.

Owns what was told already: a pod's worker looks often, people want to hear of a thing once.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from minikube8s.api.views import Pod
from mk8s_agent.network.errors import NetworkNotReady
from mk8s_agent.pods.actions import (
    Action,
    CreateContainer,
    PrepareVolumes,
    Remove,
    Signal,
    UnplugNetwork,
)
from mk8s_agent.pods.identity import SANDBOX_NAME, PodRef
from mk8s_agent.pods.lifecycle import policy_now
from mk8s_agent.pods.next_step import shall_run
from mk8s_agent.pods.node_context import Reporter, recorder
from mk8s_agent.pods.restarts import restart
from mk8s_agent.pods.values import Desired, Observed
from mk8s_agent.runtime.errors import EngineUnavailable
from mk8s_agent.runtime.vocabulary import Phase
from mk8s_agent.volumes import VolumesNotReady

Say = Callable[[str, str, str], None]


class Telling:
    """What people are told of one pod."""

    def __init__(self, ref: PodRef, reporter: Reporter) -> None:
        self._ref = ref
        self._reporter = reporter
        self._backing_off: dict[str, str] = {}
        self._lost_sandbox = ""

    def sandbox_lost(self, desired: Desired, observed: Observed, now: datetime) -> None:
        """The sandbox of a pod that shall run has ended: another one takes its place."""
        sandbox = observed.sandbox
        if sandbox is None or sandbox.phase is not Phase.EXITED or sandbox.id == self._lost_sandbox:
            return
        if desired.pod is not None and shall_run(desired, observed, now):
            self._lost_sandbox = sandbox.id
            message = "Pod sandbox changed, it will be killed and re-created."
            self._about(desired.pod)("Normal", "SandboxChanged", message)

    def backing_off(self, pod: Pod, observed: Observed, now: datetime) -> None:
        """Containers that wait for their next restart."""
        for container in (*pod.spec.init_containers, *pod.spec.containers):
            newest = observed.newest(container.name)
            if newest is None or newest.phase is not Phase.EXITED:
                continue
            again = restart(policy_now(pod, container, observed), newest)
            told = self._backing_off.get(container.name) == newest.id
            if again is None or again.at <= now or told:
                continue
            self._backing_off[container.name] = newest.id
            message = f"Back-off restarting failed container {container.name} in pod {self._ref}"
            self._about(pod, container.name)("Warning", "BackOff", message)

    def failed(self, pod: Pod, action: Action, error: Exception) -> None:
        """An action failed. That the engine is away is told by the node."""
        if isinstance(error, EngineUnavailable):
            return
        match action:
            case PrepareVolumes():
                told = error.failures if isinstance(error, VolumesNotReady) else (str(error),)
                for sentence in told:
                    self._about(pod)("Warning", "FailedMount", sentence)
            case CreateContainer(container):
                self._about(pod, container.name)("Warning", "Failed", f"Error: {error}")
            case Remove() if pod.metadata.deletion_timestamp is None:
                return  # what is left of an earlier attempt is nothing to people
            case Signal() | Remove() if action.target.partition("/")[0] != SANDBOX_NAME:
                what = _not_killed("Container", action.target.partition("/")[0], error)
                self._about(pod)("Warning", "FailedKillPod", what)
            case Signal() | Remove() | UnplugNetwork():
                what = _not_killed("PodSandbox", self._ref.uid, error)
                self._about(pod)("Warning", "FailedKillPod", what)
            case _ if isinstance(error, NetworkNotReady):
                why = f"network is not ready: {error}"
                self._about(pod)("Warning", "NetworkNotReady", why)
            case _ if action.target == SANDBOX_NAME:
                why = f"Failed to create pod sandbox: {error}"
                self._about(pod)("Warning", "FailedCreatePodSandBox", why)

    def _about(self, pod: Pod, container: str = "") -> Say:
        return recorder(self._reporter, pod, container)


def _not_killed(what: str, which: str, error: Exception) -> str:
    """A failure to end a container or a sandbox, as a kubelet puts it."""
    return (
        f'error killing pod: failed to "Kill{what}" for "{which}" with Kill{what}Error: "{error}"'
    )
