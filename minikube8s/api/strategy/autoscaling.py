"""HorizontalPodAutoscalers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from minikube8s.api import names, quantity
from minikube8s.api.errors import Cause, forbidden_field, invalid_value, required, unsupported
from minikube8s.api.strategy.checks.common import (
    Obj,
    label_selector,
    named,
    one_of,
    optional_one_of,
)
from minikube8s.api.strategy.model import Strategy

_SOURCES = {
    "ContainerResource": "containerResource",
    "External": "external",
    "Object": "object",
    "Pods": "pods",
    "Resource": "resource",
}
_POSITIVE = "must be greater than 0"
_LONGEST_WINDOW, _LONGEST_PERIOD = 3600, 1800


class HorizontalPodAutoscalerStrategy(Strategy):
    """Hooks of HorizontalPodAutoscalers."""

    first_status: ClassVar[Obj | None] = {"desiredReplicas": 0}

    def validate(self, obj: Obj) -> list[Cause]:
        """Check metadata, target, bounds, metrics and behavior."""
        spec = obj["spec"]
        causes = super().validate(obj) + _bounds(spec)
        causes += _reference("spec.scaleTargetRef", spec.get("scaleTargetRef") or {})
        for position, metric in enumerate(spec.get("metrics") or ()):
            causes += _metric(f"spec.metrics[{position}]", metric)
        behavior = spec.get("behavior") or {}
        for direction in ("scaleUp", "scaleDown"):
            if behavior.get(direction) is not None:
                causes += _rules(f"spec.behavior.{direction}", behavior[direction])
        return causes


def _bounds(spec: Obj) -> list[Cause]:
    causes: list[Cause] = []
    least, most = spec.get("minReplicas"), spec.get("maxReplicas", 0)
    if least is not None and least < 1:
        why = "must be greater than or equal to 1"
        causes.append(invalid_value("spec.minReplicas", least, why))
    if most < 1:
        causes.append(invalid_value("spec.maxReplicas", most, _POSITIVE))
    if least is not None and most < least:
        why = "must be greater than or equal to `minReplicas`"
        causes.append(invalid_value("spec.maxReplicas", most, why))
    return causes


def _reference(field: str, reference: Obj) -> list[Cause]:
    causes: list[Cause] = []
    for name in ("kind", "name"):
        if not reference.get(name):
            causes.append(required(f"{field}.{name}"))
        else:
            causes += named(f"{field}.{name}", reference[name], names.path_segment)
    return causes


def _metric(field: str, metric: Obj) -> list[Cause]:
    type_ = metric.get("type")
    causes = one_of(f"{field}.type", type_, _SOURCES)
    if causes or type_ is None:
        return causes
    wanted = _SOURCES[type_]
    causes += [
        forbidden_field(f"{field}.{other}", "must populate the given metric source only")
        for other in _SOURCES.values()
        if other != wanted and metric.get(other) is not None
    ]
    if metric.get(wanted) is None:
        why = f"must populate information for the given metric source: {type_}"
        return [*causes, required(f"{field}.{wanted}", why)]
    return causes + _source(f"{field}.{wanted}", wanted, metric[wanted])


def _source(field: str, source: str, metric: Obj) -> list[Cause]:
    causes: list[Cause] = []
    target = metric.get("target") or {}
    if source in ("resource", "containerResource"):
        if not metric.get("name"):
            causes.append(required(f"{field}.name", "must specify a resource name"))
        if source == "containerResource" and not metric.get("container"):
            causes.append(required(f"{field}.container", "must specify a container"))
        return causes + _target(field, target, ("averageUtilization", "averageValue"))
    causes += _identifier(f"{field}.metric", metric.get("metric") or {})
    if source == "object":
        causes += _reference(f"{field}.describedObject", metric.get("describedObject") or {})
    amounts = ("averageValue",) if source == "pods" else ("value", "averageValue")
    return causes + _target(field, target, amounts)


def _identifier(field: str, metric: Obj) -> list[Cause]:
    causes: list[Cause] = []
    if not metric.get("name"):
        causes.append(required(f"{field}.name", "must specify a metric name"))
    else:
        causes += named(f"{field}.name", metric["name"], names.path_segment)
    return causes + label_selector(f"{field}.selector", metric.get("selector"))


def _target(field: str, target: Obj, amounts: tuple[str, ...]) -> list[Cause]:
    """Check that exactly one of `amounts` is given, and that it is more than nothing."""
    at = f"{field}.target"
    causes = one_of(f"{at}.type", target.get("type"), ("AverageValue", "Utilization", "Value"))
    given = [name for name in amounts if target.get(name) is not None]
    if not given:
        missing = amounts[0] if len(amounts) == 1 else " or ".join(amounts)
        return [*causes, required(f"{at}.{amounts[0]}", f"must set a target {missing}")]
    if len(given) > 1:
        why = "may not set both a target raw value and a target utilization"
        causes.append(forbidden_field(f"{at}.{given[1]}", why))
    for name in given:
        amount = target[name]
        positive = amount > 0 if isinstance(amount, int) else quantity.parse(amount).nano > 0
        if not positive:
            causes.append(invalid_value(f"{at}.{name}", amount, "must be positive"))
    return causes


def _rules(field: str, rules: Obj) -> list[Cause]:
    window = rules.get("stabilizationWindowSeconds")
    causes = optional_one_of(
        f"{field}.selectPolicy", rules.get("selectPolicy"), ("Disabled", "Max", "Min")
    )
    if window is not None and not 0 <= window <= _LONGEST_WINDOW:
        bound = (
            "greater than or equal to zero"
            if window < 0
            else f"less than or equal to {_LONGEST_WINDOW}"
        )
        at = f"{field}.stabilizationWindowSeconds"
        causes.append(invalid_value(at, window, f"must be {bound}"))
    policies = rules.get("policies") or []
    if not policies:
        causes.append(required(f"{field}.policies", "must specify at least one Policy"))
    return causes + _policies(f"{field}.policies", policies)


def _policies(field: str, policies: Iterable[Obj]) -> list[Cause]:
    causes: list[Cause] = []
    for position, policy in enumerate(policies):
        at = f"{field}[{position}]"
        if policy.get("type") not in ("Pods", "Percent"):
            causes.append(unsupported(f"{at}.type", policy.get("type") or "", ("Percent", "Pods")))
        if policy.get("value", 0) <= 0:
            why = "must be greater than zero"
            causes.append(invalid_value(f"{at}.value", policy.get("value", 0), why))
        period = policy.get("periodSeconds", 0)
        if period <= 0:
            causes.append(invalid_value(f"{at}.periodSeconds", period, "must be greater than zero"))
        elif period > _LONGEST_PERIOD:
            why = f"must be less than or equal to {_LONGEST_PERIOD}"
            causes.append(invalid_value(f"{at}.periodSeconds", period, why))
    return causes
