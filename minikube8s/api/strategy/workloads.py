"""Deployments and ReplicaSets: a selector that fits its template and never changes."""

from __future__ import annotations

from typing import ClassVar

from minikube8s.api.errors import Cause, forbidden_field, invalid_value, unsupported
from minikube8s.api.strategy.checks import workload
from minikube8s.api.strategy.checks.common import Obj, count_or_percent, not_negative, percentage
from minikube8s.api.strategy.model import Strategy


class ReplicaSetStrategy(Strategy):
    """Hooks of ReplicaSets."""

    generation_sections: ClassVar[tuple[str, ...]] = ("spec",)
    first_status: ClassVar[Obj | None] = {"replicas": 0}

    def validate(self, obj: Obj) -> list[Cause]:
        """Check metadata, selector and template."""
        return [*super().validate(obj), *workload.check(obj["spec"], "deployment", "ReplicaSet")]

    def validate_update(self, new: Obj, old: Obj, subresource: str = "") -> list[Cause]:
        """Keep the selector."""
        return [*super().validate_update(new, old, subresource), *workload.selector_kept(new, old)]


class DeploymentStrategy(Strategy):
    """Hooks of Deployments. Annotations count for the generation: they say what a revision is."""

    generation_sections: ClassVar[tuple[str, ...]] = ("spec",)
    first_status: ClassVar[Obj | None] = {}

    def validate(self, obj: Obj) -> list[Cause]:
        """Check metadata, selector, template and strategy."""
        spec = obj["spec"]
        return [
            *super().validate(obj),
            *workload.check(spec, "deployment", "ReplicaSet"),
            *_deployment(spec),
        ]

    def validate_update(self, new: Obj, old: Obj, subresource: str = "") -> list[Cause]:
        """Keep the selector."""
        return [*super().validate_update(new, old, subresource), *workload.selector_kept(new, old)]

    def _changed(self, new: Obj, old: Obj) -> bool:
        annotations = new["metadata"].get("annotations") or {}
        return super()._changed(new, old) or annotations != (
            old["metadata"].get("annotations") or {}
        )


def _deployment(spec: Obj) -> list[Cause]:
    causes = not_negative("spec.revisionHistoryLimit", spec.get("revisionHistoryLimit"))
    deadline = spec.get("progressDeadlineSeconds")
    causes += not_negative("spec.progressDeadlineSeconds", deadline)
    if deadline is not None and deadline <= (spec.get("minReadySeconds") or 0):
        why = "must be greater than minReadySeconds"
        causes.append(invalid_value("spec.progressDeadlineSeconds", deadline, why))
    return causes + _strategy(spec.get("strategy") or {})


def _strategy(strategy: Obj) -> list[Cause]:
    rolling = strategy.get("rollingUpdate")
    match strategy.get("type"):
        case "Recreate" if rolling is not None:
            why = "may not be specified when strategy `type` is 'Recreate'"
            return [forbidden_field("spec.strategy.rollingUpdate", why)]
        case "Recreate":
            return []
        case "RollingUpdate":
            return _rolling_update(rolling or {})
    return [unsupported("spec.strategy.type", strategy.get("type"), ("Recreate", "RollingUpdate"))]


def _rolling_update(rolling: Obj) -> list[Cause]:
    field = "spec.strategy.rollingUpdate"
    missing, extra = rolling.get("maxUnavailable", 0), rolling.get("maxSurge", 0)
    causes = count_or_percent(f"{field}.maxUnavailable", missing)
    causes += count_or_percent(f"{field}.maxSurge", extra)
    if not causes:
        if percentage(missing) == 0 and percentage(extra) == 0:
            why = "may not be 0 when `maxSurge` is 0"
            causes.append(invalid_value(f"{field}.maxUnavailable", missing, why))
        if isinstance(missing, str) and percentage(missing) > 100:
            why = "must not be greater than 100%"
            causes.append(invalid_value(f"{field}.maxUnavailable", missing, why))
    return causes
