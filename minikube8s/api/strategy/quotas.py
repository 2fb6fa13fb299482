"""ResourceQuotas, LimitRanges and PodDisruptionBudgets: what bounds a namespace."""

from __future__ import annotations

from typing import ClassVar

from minikube8s.api import names, quantity
from minikube8s.api.errors import (
    Cause,
    duplicate,
    forbidden_field,
    immutable,
    invalid_value,
    required,
)
from minikube8s.api.strategy.checks import quotascopes
from minikube8s.api.strategy.checks.common import (
    Obj,
    budget,
    label_selector,
    named,
    optional_one_of,
)
from minikube8s.api.strategy.model import Strategy

_NOT_NEGATIVE = "must be greater than or equal to 0"
_AMOUNTS = (
    "cpu",
    "memory",
    "ephemeral-storage",
    *(f"{side}.{name}" for side in ("requests", "limits") for name in ("cpu", "memory")),
    "requests.storage",
    "requests.ephemeral-storage",
    "limits.ephemeral-storage",
)
_COUNTS = (
    "configmaps",
    "persistentvolumeclaims",
    "pods",
    "replicationcontrollers",
    "resourcequotas",
    "secrets",
    "services",
    "services.loadbalancers",
    "services.nodeports",
)
_LIMITED = ("Container", "PersistentVolumeClaim", "Pod")


class ResourceQuotaStrategy(Strategy):
    """Hooks of ResourceQuotas."""

    first_status: ClassVar[Obj | None] = {}

    def validate(self, obj: Obj) -> list[Cause]:
        """Check metadata, amounts and scopes."""
        spec, causes = obj.get("spec") or {}, super().validate(obj)
        for name, amount in (spec.get("hard") or {}).items():
            causes += _hard(f"spec.hard[{name}]", name, amount)
        return causes + quotascopes.check(spec, {*_AMOUNTS, *_COUNTS})

    def validate_update(self, new: Obj, old: Obj, subresource: str = "") -> list[Cause]:
        """Keep the scopes."""
        causes = super().validate_update(new, old, subresource)
        after = (new.get("spec") or {}).get("scopes") or []
        if set(after) != set((old.get("spec") or {}).get("scopes") or ()):
            causes.append(immutable("spec.scopes", after))
        return causes


class LimitRangeStrategy(Strategy):
    """Hooks of LimitRanges."""

    created_by_update: ClassVar[bool] = True

    def validate(self, obj: Obj) -> list[Cause]:
        """Check metadata and each limit."""
        causes = super().validate(obj)
        taken: set[str] = set()
        for position, limit in enumerate((obj.get("spec") or {}).get("limits") or ()):
            at, type_ = f"spec.limits[{position}]", limit.get("type") or ""
            if not type_:
                causes.append(required(f"{at}.type"))
            elif type_ in taken:
                causes.append(duplicate(f"{at}.type", type_))
            elif type_ not in _LIMITED:
                causes += named(f"{at}.type", type_, _foreign)
            taken.add(type_)
            causes += _limit(at, type_, limit)
        return causes


class PodDisruptionBudgetStrategy(Strategy):
    """Hooks of PodDisruptionBudgets."""

    unconditional: ClassVar[bool] = False

    generation_sections: ClassVar[tuple[str, ...]] = ("spec",)
    first_status: ClassVar[Obj | None] = {
        "currentHealthy": 0,
        "desiredHealthy": 0,
        "disruptionsAllowed": 0,
        "expectedPods": 0,
    }

    def validate(self, obj: Obj) -> list[Cause]:
        """Check metadata, selector and the one bound."""
        spec, causes = obj.get("spec") or {}, super().validate(obj)
        bounds = [name for name in ("minAvailable", "maxUnavailable") if spec.get(name) is not None]
        if len(bounds) > 1:
            why = "minAvailable and maxUnavailable cannot be both set"
            causes.append(invalid_value("spec", spec, why))
        for name in bounds:
            causes += budget(f"spec.{name}", spec[name])
        causes += label_selector("spec.selector", spec.get("selector"))
        policy = spec.get("unhealthyPodEvictionPolicy")
        valid = ("AlwaysAllow", "IfHealthyBudget")
        return causes + optional_one_of("spec.unhealthyPodEvictionPolicy", policy, valid)


def _hard(field: str, name: str, amount: str) -> list[Cause]:
    causes = named(field, name, _quota_name)
    wanted = quantity.parse(amount)
    if wanted.nano < 0:
        causes.append(invalid_value(field, amount, _NOT_NEGATIVE))
    if (name in _COUNTS or name.startswith("count/")) and wanted.milli % 1000:
        causes.append(invalid_value(field, amount, "must be an integer"))
    return causes


def _quota_name(name: str) -> list[str]:
    problems = names.qualified_name(name)
    known = name in _AMOUNTS or name in _COUNTS or name.startswith(("hugepages-", "requests."))
    if not problems and "/" not in name and not known:
        problems.append("must be a standard resource type or fully qualified")
        problems.append("must be a standard resource for quota")
    return problems


def _foreign(type_: str) -> list[str]:
    problems = names.qualified_name(type_)
    if not problems and "/" not in type_:
        problems.append("must be a standard limit type or fully qualified")
    return problems


def _limit(field: str, type_: str, limit: Obj) -> list[Cause]:
    causes: list[Cause] = []
    if type_ == "Pod":
        causes += [
            forbidden_field(f"{field}.{name}", "may not be specified when `type` is 'Pod'")
            for name in ("default", "defaultRequest")
            if limit.get(name)
        ]
    elif type_ == "PersistentVolumeClaim" and not any(
        "storage" in (limit.get(name) or {}) for name in ("min", "max")
    ):
        why = "either minimum or maximum storage value is required, but neither was provided"
        causes.append(required(f"{field}.limits", why))
    return causes + _ordered(field, limit) + _ratios(field, limit)


def _ordered(field: str, limit: Obj) -> list[Cause]:
    """Check min <= default request <= default <= max, of each resource."""
    causes: list[Cause] = []
    steps = (
        ("min", "min"),
        ("defaultRequest", "default request"),
        ("default", "default"),
        ("max", "max"),
    )
    for position, (lower, low_word) in enumerate(steps):
        for upper, high_word in steps[position + 1 :]:
            high = limit.get(upper) or {}
            for name, amount in (limit.get(lower) or {}).items():
                bound = high.get(name)
                if bound is not None and quantity.parse(amount) > quantity.parse(bound):
                    why = f"{low_word} value {amount} is greater than {high_word} value {bound}"
                    causes.append(invalid_value(f"{field}.{lower}[{name}]", str(amount), why))
    return causes


def _ratios(field: str, limit: Obj) -> list[Cause]:
    """Check that limits may be at least as much as requests, and not more than the bounds allow."""
    causes: list[Cause] = []
    least, most = limit.get("min") or {}, limit.get("max") or {}
    for name, amount in (limit.get("maxLimitRequestRatio") or {}).items():
        at, ratio = f"{field}.maxLimitRequestRatio[{name}]", quantity.parse(amount).nano
        if ratio < quantity.parse("1").nano:
            causes.append(invalid_value(at, amount, f"ratio {amount} is less than 1"))
        if name not in least or name not in most:
            continue
        lower, upper = quantity.parse(least[name]).nano, quantity.parse(most[name]).nano
        if lower and ratio * lower > upper * quantity.parse("1").nano:
            why = f"ratio {amount} is greater than max/min = {upper / lower:f}"
            causes.append(invalid_value(at, amount, why))
    return causes
