"""A pod's conditions. Pure: what they said before and the time come in as values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from minikube8s.api.times import now_rfc3339
from minikube8s.api.views import Pod
from minikube8s.api.views import PodCondition as ConditionView
from mk8s_agent.pods.lifecycle import init_done, initialized
from mk8s_agent.pods.resizing import Told, told_of, trouble
from mk8s_agent.pods.values import Doom, Network, Observed, Pending, is_running

_RESOURCES = ("resources", "allocatedResources")
_RESIZE = {"PodResizePending", "PodResizeInProgress"}


class Previous(msgspec.Struct, frozen=True):
    """What the last status said; all empty for a new pod."""

    start_time: str = ""
    pod_ips: tuple[str, ...] = ()
    transitions: Mapping[str, tuple[str, str]] | None = None
    """Condition type -> (status, lastTransitionTime)."""
    resources: Mapping[str, Told] = msgspec.field(default_factory=dict)
    """What each container's status said of its resources."""


def previous_of(pod: Pod) -> Previous:
    """What has to be kept of the status that the master has written down."""
    return Previous(
        start_time=pod.status.start_time or "",
        pod_ips=tuple(one.ip for one in pod.status.pod_ips),
        transitions={
            one.type: (one.status, one.last_transition_time or "") for one in pod.status.conditions
        },
        resources={
            one.name: told_of(one.resources)
            for one in (*pod.status.init_container_statuses, *pod.status.container_statuses)
            if one.resources is not None
        },
    )


def previous(status: Mapping[str, Any]) -> Previous:
    """What has to be kept of a status in Kubernetes' form."""
    return Previous(
        start_time=status["startTime"],
        pod_ips=tuple(one["ip"] for one in status.get("podIPs", ())),
        transitions={
            one["type"]: (one["status"], one["lastTransitionTime"]) for one in status["conditions"]
        },
        resources={
            one["name"]: {part: one[part] for part in _RESOURCES if part in one}
            for kind in ("initContainerStatuses", "containerStatuses")
            for one in status.get(kind, ())
            if "resources" in one
        },
    )


class _Verdict(NamedTuple):
    """Whether a condition holds; why it does not, or (PodCompleted) why it does."""

    holds: bool
    reason: str = ""
    message: str = ""


def conditions(
    pod: Pod,
    observed: Observed,
    phase: str,
    unready: Sequence[str],
    before: Previous,
    doom: Doom | None,
    pending: Pending | None,
    now: datetime,
) -> list[dict[str, Any]]:
    """The pod's conditions; those that others set (readiness gates) are kept as they are."""
    ready = _containers_ready(phase, unready)
    network = pod.spec.host_network or observed.network is not Network.UNPLUGGED
    verdicts = {
        "PodReadyToStartContainers": _Verdict(is_running(observed.sandbox) and network),
        "Initialized": _initialized(pod, observed, phase),
        "Ready": _gates(pod) if ready.holds else ready,
        "ContainersReady": ready,
        "PodScheduled": _Verdict(True),
    }
    if doom is not None and doom.disrupts:
        verdicts["DisruptionTarget"] = _Verdict(True, "TerminationByKubelet", doom.message)
    verdicts |= _resize(pod, observed, pending)
    own = [_condition(type, verdict, before, now) for type, verdict in verdicts.items()]
    if generation := pod.metadata.generation:
        for one in own:
            one["observedGeneration"] = generation
    others = verdicts.keys() | _RESIZE
    return own + [_kept(one) for one in pod.status.conditions if one.type not in others]


def _resize(pod: Pod, observed: Observed, pending: Pending | None) -> dict[str, _Verdict]:
    """A resize that waits or is under way; one that is done is not told of any more."""
    if pending is not None:
        return {"PodResizePending": _Verdict(True, *pending)}
    why = trouble(pod, observed)
    if why is None:
        return {}
    return {"PodResizeInProgress": _Verdict(True, "Error" if why else "", why)}


def _containers_ready(phase: str, unready: Sequence[str]) -> _Verdict:
    if phase == "Succeeded":
        return _Verdict(False, "PodCompleted")
    if phase == "Failed":
        return _Verdict(False, "PodFailed")
    message = f"containers with unready status: [{' '.join(unready)}]"
    return _Verdict(False, "ContainersNotReady", message) if unready else _Verdict(True)


def _initialized(pod: Pod, observed: Observed, phase: str) -> _Verdict:
    if phase == "Succeeded":
        return _Verdict(True, "PodCompleted")
    if initialized(pod, observed):
        return _Verdict(True)
    waiting = [one.name for one in pod.spec.init_containers if not init_done(one, observed)]
    message = f"containers with incomplete status: [{' '.join(waiting)}]"
    return _Verdict(False, "ContainersNotInitialized", message)


def _gates(pod: Pod) -> _Verdict:
    status = {one.type: one.status for one in pod.status.conditions}
    missing = []
    for gate in pod.spec.readiness_gates:
        name = gate.condition_type
        if name not in status:
            missing.append(
                f'corresponding condition of pod readiness gate "{name}" does not exist.'
            )
        elif status[name] != "True":
            missing.append(
                f'the status of pod readiness gate "{name}" is not "True", but {status[name]}'
            )
    return (
        _Verdict(False, "ReadinessGatesNotReady", ", ".join(missing)) if missing else _Verdict(True)
    )


def _condition(type: str, verdict: _Verdict, before: Previous, now: datetime) -> dict[str, Any]:
    status = "True" if verdict.holds else "False"
    was, since = (before.transitions or {}).get(type, ("", ""))
    condition: dict[str, Any] = {
        "type": type,
        "status": status,
        "lastProbeTime": None,
        "lastTransitionTime": since if was == status and since else now_rfc3339(now),
    }
    if verdict.reason:
        condition["reason"] = verdict.reason
    if verdict.message:
        condition["message"] = verdict.message
    return condition


def _kept(one: ConditionView) -> dict[str, Any]:
    condition: dict[str, Any] = {
        "type": one.type,
        "status": one.status,
        "lastProbeTime": one.last_probe_time,
        "lastTransitionTime": one.last_transition_time,
    }
    if one.observed_generation:
        condition["observedGeneration"] = one.observed_generation
    if one.reason:
        condition["reason"] = one.reason
    if one.message:
        condition["message"] = one.message
    return condition
