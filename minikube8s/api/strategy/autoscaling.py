"""HorizontalPodAutoscalers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar, NamedTuple

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
_TARGETS = ("AverageValue", "Utilization", "Value")
_POSITIVE = "must be greater than 0"
_LONGEST_WINDOW, _LONGEST_PERIOD = 3600, 1800


class _Amounts(NamedTuple):
    """Which amounts of a target a source takes, and what is said of none and of two."""

    names: tuple[str, ...]
    missing: str
    why_needed: str
    surplus: str = ""
    why_surplus: str = ""


_OF_RESOURCES = _Amounts(
    ("averageUtilization", "averageValue"),
    "averageUtilization",
    "must set either a target raw value or a target utilization",
    "averageValue",
    "may not set both a target raw value and a target utilization",
)
_AMOUNTS = {
    "containerResource": _OF_RESOURCES,
    "external": _Amounts(
        ("value", "averageValue"),
        "averageValue",
        "must set either a target value for metric or a per-pod target",
        "value",
        "may not set both a target value for metric and a per-pod target",
    ),
    "object": _Amounts(
        ("value", "averageValue"),
        "averageValue",
        "must set either a target value or averageValue",
    ),
    "pods": _Amounts(
        ("averageValue",), "averageValue", "must specify a positive target averageValue"
    ),
    "resource": _OF_RESOURCES,
}


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
    if not type_:
        return [
            required(f"{field}.type", "must specify a metric source type"),
            unsupported(f"{field}.type", "", _SOURCES),
        ]
    causes = one_of(f"{field}.type", type_, _SOURCES)
    if causes:
        return causes
    wanted = _SOURCES[type_]
    causes += [
        forbidden_field(f"{field}.{other}", "must populate the given metric source only")
        for other in _SOURCES.values()
        if other != wanted and metric.get(other) is not None
    ]
    if metric.get(wanted) is None:
        why = "must populate information for the given metric source"
        return [*causes, required(f"{field}.{wanted}", why)]
    return causes + _source(f"{field}.{wanted}", wanted, metric[wanted])


def _source(field: str, source: str, metric: Obj) -> list[Cause]:
    causes: list[Cause] = []
    target = metric.get("target") or {}
    if source in ("resource", "containerResource"):
        if not metric.get("name"):
            causes.append(required(f"{field}.name", "must specify a resource name"))
        if source == "containerResource":
            container = metric.get("container")
            if container:
                causes += named(f"{field}.container", container, names.dns1123_label)
            else:
                causes.append(required(f"{field}.container", "must specify a container"))
        return (
            causes
            + _target(f"{field}.target", target)
            + _amounts(f"{field}.target", source, target)
        )
    causes += _identifier(f"{field}.metric", metric.get("metric") or {})
    if source == "object":
        causes += _reference(f"{field}.describedObject", metric.get("describedObject") or {})
    return causes + _target(f"{field}.target", target) + _amounts(f"{field}.target", source, target)


def _identifier(field: str, metric: Obj) -> list[Cause]:
    causes: list[Cause] = []
    if not metric.get("name"):
        causes.append(required(f"{field}.name", "must specify a metric name"))
    else:
        causes += named(f"{field}.name", metric["name"], names.path_segment)
    return causes + label_selector(f"{field}.selector", metric.get("selector"))


def _target(field: str, target: Obj) -> list[Cause]:
    """Check the type of a target, and that its amounts are more than nothing."""
    type_ = target.get("type") or ""
    causes: list[Cause] = []
    if not type_:
        causes.append(required(f"{field}.type", "must specify a metric target type"))
    if type_ not in _TARGETS:
        why = "must be either Utilization, Value, or AverageValue"
        causes.append(invalid_value(f"{field}.type", type_, why))
    for name in ("value", "averageValue"):
        amount = target.get(name)
        if amount is not None and quantity.parse(amount).nano <= 0:
            causes.append(invalid_value(f"{field}.{name}", amount, "must be positive"))
    share = target.get("averageUtilization")
    if share is not None and share < 1:
        causes.append(invalid_value(f"{field}.averageUtilization", share, _POSITIVE))
    return causes


def _amounts(field: str, source: str, target: Obj) -> list[Cause]:
    """Check that a target has the amounts that its source is compared with."""
    rule = _AMOUNTS[source]
    given = [name for name in rule.names if target.get(name) is not None]
    if not given:
        return [required(f"{field}.{rule.missing}", rule.why_needed)]
    if len(given) > 1 and rule.surplus:
        return [forbidden_field(f"{field}.{rule.surplus}", rule.why_surplus)]
    return []


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
