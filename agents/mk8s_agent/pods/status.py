"""A pod's status in Kubernetes' form, computed from what is seen. Pure.

What a status says of the past (start time, when a condition changed) is taken over from the status
before.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from minikube8s.api.times import now_rfc3339
from minikube8s.api.views import Container as ContainerView
from minikube8s.api.views import Pod
from mk8s_agent.pods.conditions import Previous, conditions
from mk8s_agent.pods.container_status import container_status
from mk8s_agent.pods.identity import PodRef, addresses_of
from mk8s_agent.pods.lifecycle import (
    initialized,
    is_sidecar,
    outcome,
    policy_now,
)
from mk8s_agent.pods.qos import qos_class
from mk8s_agent.pods.resizing import told
from mk8s_agent.pods.values import Doom, Observed, Pending, is_running

_NEVER_SEEN = {
    "exitCode": 137,
    "reason": "ContainerStatusUnknown",
    "message": "The container could not be located when the pod was terminated",
    "startedAt": None,
    "finishedAt": None,
}


def pod_status(
    pod: Pod,
    observed: Observed,
    node_ips: tuple[str, ...],
    before: Previous,
    doom: Doom | None,
    pending: Pending | None,
    now: datetime,
) -> dict[str, Any]:
    """The pod's v1.PodStatus.

    `doom` is why the node lets it fail, `pending` why a resize waits.
    """
    if doom is not None and doom.refused:
        return _refused(pod, doom, before.start_time or now_rfc3339(now))
    ref = PodRef(pod.metadata.namespace, pod.metadata.name, pod.metadata.uid)

    def statuses(containers: tuple[ContainerView, ...]) -> list[dict[str, Any]]:
        every = [_container(ref, pod, one, observed, before, now) for one in containers]
        return [_lost(one) for one in every] if ended and doom is not None else every

    ended = not any(is_running(one) for one in observed.everything())
    inits, mains = statuses(pod.spec.init_containers), statuses(pod.spec.containers)
    ephemeral = statuses(pod.spec.ephemeral_containers)
    phase = _phase(pod, observed, doom)
    sidecars = [
        one for one, view in zip(inits, pod.spec.init_containers, strict=True) if is_sidecar(view)
    ]
    unready = [one["name"] for one in (*sidecars, *mains) if not one["ready"]]
    status: dict[str, Any] = {
        "phase": phase,
        "conditions": conditions(pod, observed, phase, unready, before, doom, pending, now),
        "hostIP": node_ips[0],
        "hostIPs": [{"ip": one} for one in node_ips],
        "startTime": before.start_time or now_rfc3339(now),
        "containerStatuses": mains,
        "qosClass": pod.status.qos_class or qos_class(pod.spec),
    }
    if doom is not None:
        status["reason"], status["message"] = doom.reason, doom.message
    elif pod.status.reason:
        status["reason"], status["message"] = pod.status.reason, pod.status.message
    if pod.metadata.generation:
        status["observedGeneration"] = pod.metadata.generation
    if addresses := _addresses(pod, observed, node_ips, before):
        status["podIP"] = addresses[0]
        status["podIPs"] = [{"ip": one} for one in addresses]
    if inits:
        status["initContainerStatuses"] = inits
    if ephemeral:
        status["ephemeralContainerStatuses"] = ephemeral
    return status


def _container(
    ref: PodRef,
    pod: Pod,
    container: ContainerView,
    observed: Observed,
    before: Previous,
    now: datetime,
) -> dict[str, Any]:
    """A v1.ContainerStatus of the pod's: who may be ready, and counts as started, differs."""
    spec = pod.spec
    wait = "PodInitializing" if spec.init_containers else "ContainerCreating"
    one = container_status(
        ref, container, policy_now(pod, container, observed), observed, now, wait
    )
    if "running" in one["state"]:
        one |= told(pod, container, observed, before.resources.get(container.name, {}))
    if any(other.name == container.name for other in spec.ephemeral_containers):
        one["ready"] = False
        del one["started"]
    elif not is_sidecar(container) and any(
        other.name == container.name for other in spec.init_containers
    ):
        one["ready"] = one["state"].get("terminated", {}).get("exitCode") == 0
    return one


def _lost(status: dict[str, Any]) -> dict[str, Any]:
    """A container that never came before its pod failed, as Kubernetes tells it."""
    if "waiting" not in status["state"]:
        return status
    return {**status, "state": {"terminated": _NEVER_SEEN}}


def _refused(pod: Pod, doom: Doom, since: str) -> dict[str, Any]:
    """Of a pod that the node did not take there is nothing else to tell."""
    return {
        "phase": "Failed",
        "reason": doom.reason,
        "message": doom.message,
        "conditions": [],
        "startTime": since,
        "qosClass": pod.status.qos_class or qos_class(pod.spec),
    }


def _phase(pod: Pod, observed: Observed, doom: Doom | None) -> str:
    """It ends with the last container: until then others may wait for what these hold."""
    if pod.terminal:
        return pod.status.phase
    ended = "Failed" if doom is not None else outcome(pod, observed)
    if ended is not None and not any(is_running(one) for one in observed.everything()):
        return ended
    begun = all(_has_run(observed, one.name) for one in pod.spec.containers)
    return "Running" if begun and initialized(pod, observed) else "Pending"


def _has_run(observed: Observed, container: str) -> bool:
    """Whether some attempt got further than its postStart hook."""
    newest = observed.newest(container)
    in_hook = newest is not None and is_running(newest) and newest.id in observed.starting
    return observed.begun.get(container, 0) > in_hook


def _addresses(
    pod: Pod, observed: Observed, node_ips: tuple[str, ...], before: Previous
) -> tuple[str, ...]:
    sandbox = observed.sandbox
    if sandbox is None:
        return before.pod_ips
    if pod.spec.host_network:
        return node_ips if is_running(sandbox) else before.pod_ips
    return addresses_of(sandbox.labels) or before.pod_ips
