"""What each metric of an autoscaler proposes, and what all of them say together. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from minikube8s.api import quantity
from minikube8s.api.selectors.wording import in_go
from minikube8s.api.views.autoscaling import MeasuredPod
from minikube8s.controllers.autoscaling import counting
from minikube8s.controllers.autoscaling.counting import AS_USUAL, Count, Tolerance
from minikube8s.controllers.autoscaling.use import NotMeasured, use_of

Object = Mapping[str, Any]

_NO_CUSTOM = (
    "unable to fetch metrics from custom metrics API: no custom metrics API"
    " (custom.metrics.k8s.io) registered"
)
_NO_EXTERNAL = (
    "unable to fetch metrics from external metrics API: the server could not find the requested"
    " resource (get {}.external.metrics.k8s.io)"
)


@dataclass(frozen=True, slots=True)
class Situation:
    """What metrics are judged by: the pods, what they use, how many are wanted."""

    pods: Sequence[MeasuredPod]
    metrics: Collection[Object]
    current: int
    now: datetime
    namespace: str
    tolerance: Tolerance = AS_USUAL


class Proposal(NamedTuple):
    """How many pods one metric asks for, by which name it is told, and its entry in the status."""

    replicas: int
    name: str
    status: Object


class Problem(NamedTuple):
    """Why a metric proposes nothing: the reason, the words, and what is said of several metrics."""

    reason: str
    message: str
    among_others: str


class Verdict(NamedTuple):
    """What all metrics say: the most that one of them asks for, or None where nothing may be done.

    `metrics` is the status of each; `error` tells of those that propose nothing.
    """

    replicas: int | None
    name: str
    metrics: tuple[Object, ...]
    problems: tuple[Problem, ...] = ()
    error: str = ""


UNKNOWN: Object = {"type": ""}
"""What the status says of a metric without numbers: it keeps the others' places."""


def weigh(metrics: Sequence[Object], situation: Situation) -> Verdict:
    """Ask all metrics. One that fails keeps the others from having fewer pods, not more."""
    found = [propose(metric, situation) for metric in metrics]
    proposals = [one for one in found if isinstance(one, Proposal)]
    problems = tuple(one for one in found if isinstance(one, Problem))
    statuses = tuple(one.status if isinstance(one, Proposal) else UNKNOWN for one in found)
    error = ""
    if problems:
        error = (
            f"invalid metrics ({len(problems)} invalid out of {len(metrics)}), first error is:"
            f" {problems[0].among_others}"
        )
    if not proposals:
        return Verdict(None, "", statuses, problems, error)
    best = max(proposals, key=lambda one: one.replicas)
    if problems and best.replicas < situation.current:
        return Verdict(None, "", statuses, problems, error)
    return Verdict(best.replicas, best.name, statuses, problems, error)


def propose(metric: Object, situation: Situation) -> Proposal | Problem:
    """Ask one metric."""
    match metric["type"]:
        case "Resource":
            return _of_resource(metric["resource"], situation)
        case "ContainerResource":
            return _of_container(metric["containerResource"], situation)
        case "Pods":
            message = f"unable to get metric {metric['pods']['metric']['name']}: {_NO_CUSTOM}"
            return _problem("Pods", message, f"failed to get pods metric value: {message}")
        case "Object":
            return _of_object(metric["object"], situation)
        case _:
            return _of_external(metric["external"], situation)


def _of_resource(source: Object, situation: Situation) -> Proposal | Problem:
    name = source["name"]
    try:
        count = _count(source, "", situation)
    except NotMeasured as problem:
        message = f"failed to get {_sought(source)}: {problem}"
        return _problem(
            "Resource", message, f"failed to get {name} resource metric value: {message}"
        )
    status = {"type": "Resource", "resource": {"name": name, "current": _current(count)}}
    return Proposal(count.replicas, _told(source, "resource"), status)


def _of_container(source: Object, situation: Situation) -> Proposal | Problem:
    container = source["container"]
    try:
        count = _count(source, container, situation)
    except NotMeasured as problem:
        message = f"failed to get {_sought(source)}: {problem}"
        others = f"failed to get {container} container metric value: {message}"
        return _problem("ContainerResource", message, others)
    current = {"name": source["name"], "container": container, "current": _current(count)}
    status = {"type": "ContainerResource", "containerResource": current}
    return Proposal(count.replicas, _told(source, "container resource"), status)


def _count(source: Object, container: str, situation: Situation) -> Count:
    name, target = source["name"], source["target"]
    try:
        use = use_of(situation.metrics, name, container)
    except NotMeasured as problem:
        raise NotMeasured(f"unable to get metrics for resource {name}: {problem}") from None
    now, current, tolerance = situation.now, situation.current, situation.tolerance
    if target.get("averageValue") is not None:
        wanted = quantity.parse(target["averageValue"]).milli
        return counting.by_average(situation.pods, use, name, wanted, current, now, tolerance)
    share = target["averageUtilization"]
    return counting.by_utilization(
        situation.pods, use, name, container, share, current, now, tolerance
    )


def _sought(source: Object) -> str:
    kind = "usage" if source["target"].get("averageValue") is not None else "utilization"
    return f"{source['name']} {kind}"


def _told(source: Object, what: str) -> str:
    if source["target"].get("averageValue") is not None:
        return f"{source['name']} resource"
    return f"{source['name']} {what} utilization (percentage of request)"


def _current(count: Count) -> dict[str, Any]:
    current: dict[str, Any] = {"averageValue": str(quantity.from_milli(count.average))}
    if count.utilization is not None:
        current["averageUtilization"] = count.utilization
    return current


def _of_object(source: Object, situation: Situation) -> Problem:
    name, about = source["metric"]["name"], source["describedObject"]
    message = (
        f"unable to get metric {name}: {about['kind']} on {situation.namespace}"
        f" {about['name']}/{_NO_CUSTOM}"
    )
    others = message
    if source["target"].get("averageValue") is not None:
        others = f"failed to get {name} object metric: {message}"
    return _problem("Object", message, f"failed to get object metric value: {others}")


def _of_external(source: Object, situation: Situation) -> Problem:
    name, selector = source["metric"]["name"], source["metric"].get("selector")
    message = (
        f"unable to get external metric {situation.namespace}/{name}/{in_go(selector)}:"
        f" {_NO_EXTERNAL.format(name)}"
    )
    others = f"failed to get external metric {name}: {message}"
    if source["target"].get("averageValue") is not None:
        others = f"failed to get {name} external metric: {message}"
    return _problem("External", message, f"failed to get {name} external metric value: {others}")


def _problem(kind: str, message: str, among_others: str) -> Problem:
    return Problem(f"FailedGet{kind}Metric", message, among_others)
