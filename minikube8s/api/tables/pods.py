"""The table of pods: one STATUS word out of phase, container states and deletion."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from minikube8s.api import times
from minikube8s.api.meta import condition, is_condition_true, is_pod_ready, is_pod_terminal
from minikube8s.api.tables.model import AGE, NAME, NONE, Column, Obj, Table, age, name_of, wide
from minikube8s.api.tables.model import section as part

_COLUMNS = (
    NAME,
    Column("Ready", "The aggregate readiness state of this pod for accepting traffic."),
    Column("Status", "The aggregate status of the containers in this pod."),
    Column(
        "Restarts",
        "The number of times the containers in this pod have been restarted and when the last"
        " container in this pod has restarted.",
    ),
    AGE,
    wide("IP", "The pod's first address."),
    wide("Node", "The node that the pod is bound to."),
    wide("Nominated Node", "The node on which room is being made for the pod."),
    wide("Readiness Gates", "How many of the pod's readiness gates are fulfilled."),
)


class _Restarts(NamedTuple):
    """How often containers were restarted, and the RFC 3339 time of the last end ("" if never)."""

    number: int
    last: str

    @staticmethod
    def of(statuses: Iterable[Obj]) -> _Restarts:
        number, last = 0, ""
        for status in statuses:
            number += status.get("restartCount", 0)
            ended = part(part(status, "lastState"), "terminated").get("finishedAt") or ""
            # RFC 3339 texts in UTC with whole seconds sort as the times they stand for.
            last = max(last, ended)
        return _Restarts(number, last)

    def cell(self, now: datetime) -> str:
        if self.number and self.last:
            return f"{self.number} ({times.age(self.last, now)} ago)"
        return str(self.number)


class _Summary(NamedTuple):
    ready: int
    reason: str
    restarts: _Restarts


def _cells(pod: Obj, now: datetime) -> list[Any]:
    spec, status = part(pod, "spec"), part(pod, "status")
    summary = _summary(pod)
    total = len(spec.get("containers") or ()) + len(_sidecars(spec))
    addresses = status.get("podIPs") or ()
    return [
        name_of(pod),
        f"{summary.ready}/{total}",
        summary.reason,
        summary.restarts.cell(now),
        age(pod, now),
        (addresses[0].get("ip") if addresses else status.get("podIP")) or NONE,
        spec.get("nodeName") or NONE,
        status.get("nominatedNodeName") or NONE,
        _readiness_gates(pod),
    ]


def status_word(pod: Obj) -> str:
    """Return the word of the pod's column STATUS: `Running`, `ErrImagePull`, `Terminating`."""
    return _summary(pod).reason


def _summary(pod: Obj) -> _Summary:
    status = part(pod, "status")
    reason = status.get("reason") or status.get("phase") or ""
    if (condition(pod, "PodScheduled") or {}).get("reason") == "SchedulingGated":
        reason = "SchedulingGated"
    sidecars = _sidecars(part(pod, "spec"))
    started = status.get("initContainerStatuses") or ()
    ready, waiting_for = _initialization(pod, started, sidecars)
    if waiting_for and not is_condition_true(pod, "Initialized"):
        summary = _Summary(ready, waiting_for, _Restarts.of(started))
    else:
        containers = status.get("containerStatuses") or ()
        running = sum(1 for one in containers if _is_serving(one))
        reason = _containers_reason(pod, containers, waiting_for or reason, bool(running))
        kept = [one for one in started if one.get("name") in sidecars]
        summary = _Summary(ready + running, reason, _Restarts.of([*kept, *containers]))
    if part(pod, "metadata").get("deletionTimestamp"):
        if status.get("reason") == "NodeLost":
            return summary._replace(reason="Unknown")
        if not is_pod_terminal(pod):
            return summary._replace(reason="Terminating")
    return summary


def _sidecars(spec: Obj) -> frozenset[str]:
    """Return the names of the init containers that go on running beside the others."""
    return frozenset(
        container.get("name", "")
        for container in spec.get("initContainers") or ()
        if container.get("restartPolicy") == "Always"
    )


def _initialization(pod: Obj, statuses: Iterable[Obj], sidecars: frozenset[str]) -> tuple[int, str]:
    """Return how many sidecars are ready, and the reason of an initialization not done yet."""
    total = len(part(pod, "spec").get("initContainers") or ())
    ready = 0
    for position, status in enumerate(statuses):
        state = part(status, "state")
        ended = state.get("terminated")
        if ended is not None and ended.get("exitCode", 0) == 0:
            continue
        if status.get("name") in sidecars and status.get("started"):
            ready += 1 if status.get("ready") else 0
            continue
        if ended is not None:
            return ready, f"Init:{_end(ended)}"
        waiting = part(state, "waiting").get("reason") or ""
        if waiting and waiting != "PodInitializing":
            return ready, f"Init:{waiting}"
        return ready, f"Init:{position}/{total}"
    return ready, ""


def _is_serving(status: Obj) -> bool:
    """Tell whether a container counts as ready: running, and nothing else to say about it."""
    state = part(status, "state")
    return bool(status.get("ready")) and state.get("running") is not None


def _containers_reason(pod: Obj, statuses: Iterable[Obj], reason: str, running: bool) -> str:
    """Return what the first container with something to say says, else `reason`."""
    for status in statuses:
        state = part(status, "state")
        waiting = part(state, "waiting").get("reason")
        ended = state.get("terminated")
        if waiting:
            reason = waiting
            break
        if ended is not None:
            reason = _end(ended)
            break
    if reason == "Completed" and running:
        return "Running" if is_pod_ready(pod) else "NotReady"
    return reason


def _end(ended: Mapping[str, Any]) -> str:
    if ended.get("reason"):
        return str(ended["reason"])
    if ended.get("signal"):
        return f"Signal:{ended['signal']}"
    return f"ExitCode:{ended.get('exitCode', 0)}"


def _readiness_gates(pod: Obj) -> str:
    gates = part(pod, "spec").get("readinessGates") or ()
    if not gates:
        return NONE
    true = sum(1 for gate in gates if is_condition_true(pod, gate.get("conditionType", "")))
    return f"{true}/{len(gates)}"


POD = Table(_COLUMNS, _cells)
