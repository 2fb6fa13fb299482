"""What one look at one autoscaler leads to. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from minikube8s.api.meta import now_rfc3339, parse_time, set_condition
from minikube8s.api.resources import HORIZONTALPODAUTOSCALERS
from minikube8s.api.views.autoscaling import MeasuredPod
from minikube8s.controllers.actions import Patch, Plan, Report, SetStatus, ref
from minikube8s.controllers.autoscaling import bounds, proposals
from minikube8s.controllers.autoscaling.history import NO_HISTORY, History
from minikube8s.controllers.autoscaling.proposals import Situation, Verdict
from minikube8s.controllers.autoscaling.targets import Target

Object = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """An autoscaler and what it decides by."""

    autoscaler: Object
    target: Target | str
    """What it scales, or why there is nothing."""
    pods: tuple[MeasuredPod, ...] = ()
    metrics: Collection[Object] = ()
    """The PodMetrics of these pods."""
    rivals: tuple[str, ...] = ()
    """All autoscalers of these pods by namespace/name, when there are several."""
    history: History = NO_HISTORY


class Rescale(NamedTuple):
    """From how many pods to how many, and why."""

    before: int
    after: int
    reason: str


class Decision(NamedTuple):
    """What to do, and what to remember of it."""

    plan: Plan
    recommended: int | None = None
    """How many pods the metrics asked for, before any bound."""
    rescale: Rescale | None = None


@dataclass(slots=True)
class _Draft:
    """The status as it becomes."""

    status: dict[str, Any]
    now: datetime

    def say(self, kind: str, value: bool, reason: str, message: str) -> None:
        """Set a condition."""
        told = "True" if value else "False"
        set_condition(
            self.status, kind, told, now=now_rfc3339(self.now), reason=reason, message=message
        )


def decide(snapshot: Snapshot, now: datetime, failure: str = "") -> Decision:
    """Decide about one autoscaler; `failure` is why its target could not be scaled just now."""
    current = snapshot.autoscaler.get("status") or {}
    conditions = [dict(one) for one in current.get("conditions") or ()]
    draft = _Draft({**current, "conditions": conditions}, now)
    target = snapshot.target
    if isinstance(target, str):
        why = f"the HPA controller was unable to get the target's current scale: {target}"
        draft.say("AbleToScale", False, "FailedGetScale", why)
        return Decision(_plan(snapshot, draft, Report("FailedGetScale", target)))
    able = "the HPA controller was able to get the target's current scale"
    draft.say("AbleToScale", True, "SucceededGetScale", able)
    spec = snapshot.autoscaler["spec"]
    fewest, most = bounds.fewest_and_most(spec)
    if target.wanted == 0 and fewest != 0:
        why = "scaling is disabled since the replica count of the target is zero"
        draft.say("ScalingActive", False, "ScalingDisabled", why)
        _count(draft, snapshot, target.wanted, target.wanted, ())
        return Decision(_plan(snapshot, draft))
    if target.wanted > most:
        reason = "Current number of replicas above Spec.MaxReplicas"
        return _rescale(snapshot, draft, Rescale(target.wanted, most, reason), (), failure)
    if target.wanted < fewest:
        reason = "Current number of replicas below Spec.MinReplicas"
        return _rescale(snapshot, draft, Rescale(target.wanted, fewest, reason), (), failure)
    return _by_metrics(snapshot, target, draft, failure)


def _by_metrics(snapshot: Snapshot, target: Target, draft: _Draft, failure: str) -> Decision:
    ambiguous = _without_selector(snapshot, target)
    if ambiguous is not None:
        reason, told, message = ambiguous
        draft.say("ScalingActive", False, reason, message)
        return _undecided(snapshot, draft, target, (), (told,), told.message)
    spec, now = snapshot.autoscaler["spec"], draft.now
    namespace = snapshot.autoscaler["metadata"]["namespace"]
    tolerance = bounds.tolerance(spec)
    situation = Situation(snapshot.pods, snapshot.metrics, target.wanted, now, namespace, tolerance)
    verdict = proposals.weigh(spec.get("metrics") or (), situation)
    warnings = tuple(Report(one.reason, one.message) for one in verdict.problems)
    if verdict.replicas is None:
        first = verdict.problems[0]
        why = f"the HPA was unable to compute the replica count: {first.message}"
        draft.say("ScalingActive", False, first.reason, why)
        return _undecided(snapshot, draft, target, verdict.metrics, warnings, verdict.error)
    active = f"the HPA was able to successfully calculate a replica count from {verdict.name}"
    draft.say("ScalingActive", True, "ValidMetricFound", active)
    return _within_bounds(snapshot, target, draft, verdict, warnings, failure)


def _within_bounds(
    snapshot: Snapshot,
    target: Target,
    draft: _Draft,
    verdict: Verdict,
    warnings: tuple[Report, ...],
    failure: str,
) -> Decision:
    desired = verdict.replicas or 0
    spec = snapshot.autoscaler["spec"]
    bounded = bounds.bound(spec, snapshot.history, target.wanted, desired, draft.now)
    draft.say("AbleToScale", True, *bounded.able)
    draft.say("ScalingLimited", bounded.limited, *bounded.why)
    if bounded.replicas != target.wanted:
        reason = "All metrics below target"
        if desired > target.wanted:
            reason = f"{verdict.name} above target"
        elif desired == target.wanted:
            reason = ""
        change = Rescale(target.wanted, bounded.replicas, reason)
        made = _rescale(snapshot, draft, change, verdict.metrics, failure, warnings)
        return made._replace(recommended=desired)
    _count(draft, snapshot, target.wanted, target.wanted, verdict.metrics)
    return Decision(_plan(snapshot, draft, *warnings), desired)


def _without_selector(snapshot: Snapshot, target: Target) -> tuple[str, Report, str] | None:
    """Return what keeps metrics from meaning anything: no selector, or several autoscalers."""
    if target.selector.nothing:
        told = Report("SelectorRequired", "selector is required")
        return "InvalidSelector", told, "the HPA target's scale is missing a selector"
    if snapshot.rivals:
        names = " ".join(snapshot.rivals)
        why = f"pods by selector {target.selector} are controlled by multiple HPAs: [{names}]"
        return "AmbiguousSelector", Report("AmbiguousSelector", why), why
    return None


def _undecided(
    snapshot: Snapshot,
    draft: _Draft,
    target: Target,
    metrics: tuple[Object, ...],
    warnings: tuple[Report, ...],
    error: str,
) -> Decision:
    desired = draft.status.get("desiredReplicas") or 0
    _count(draft, snapshot, target.wanted, desired, metrics)
    failed = Report("FailedComputeMetricsReplicas", error)
    return Decision(_plan(snapshot, draft, *warnings, failed))


def _rescale(
    snapshot: Snapshot,
    draft: _Draft,
    change: Rescale,
    metrics: tuple[Object, ...],
    failure: str,
    warnings: tuple[Report, ...] = (),
) -> Decision:
    target = snapshot.target
    assert isinstance(target, Target)
    if failure:
        why = f"the HPA controller was unable to update the target scale: {failure}"
        draft.say("AbleToScale", False, "FailedUpdateScale", why)
        desired = draft.status.get("desiredReplicas") or 0
        _count(draft, snapshot, change.before, desired, metrics)
        return Decision(_plan(snapshot, draft))
    why = f"the HPA controller was able to update the target scale to {change.after}"
    draft.say("AbleToScale", True, "SucceededRescale", why)
    _count(draft, snapshot, change.before, change.after, metrics, draft.now)
    told = f"New size: {change.after}; reason: {change.reason}"
    report = Report("SuccessfulRescale", told, "FailedRescale", f"{told}; error: ")
    patch = Patch(
        ref(target.resource, target.object),
        {"spec": {"replicas": change.after}},
        "scale",
        report,
    )
    return Decision(_plan(snapshot, draft, *warnings, patch=patch), None, change)


def _count(
    draft: _Draft,
    snapshot: Snapshot,
    current: int,
    desired: int,
    metrics: tuple[Object, ...],
    changed: datetime | None = None,
) -> None:
    """Enter numbers into the status; when it scaled last is known from either of two."""
    fresh: dict[str, Any] = {"currentReplicas": current, "desiredReplicas": desired}
    known = draft.status.get("lastScaleTime")
    last = changed or snapshot.history.last_change
    if last is not None and (known is None or parse_time(known) < last.replace(microsecond=0)):
        known = now_rfc3339(last)
    if known is not None:
        fresh["lastScaleTime"] = known
    if metrics:
        fresh["currentMetrics"] = list(metrics)
    draft.status = {**fresh, "conditions": draft.status["conditions"]}


def _plan(snapshot: Snapshot, draft: _Draft, *warnings: Report, patch: Patch | None = None) -> Plan:
    autoscaler = snapshot.autoscaler
    changed = draft.status != (autoscaler.get("status") or {})
    return Plan(
        about=autoscaler,
        patches=() if patch is None else (patch,),
        status=SetStatus(ref(HORIZONTALPODAUTOSCALERS, autoscaler), draft.status)
        if changed
        else None,
        warnings=warnings,
    )
