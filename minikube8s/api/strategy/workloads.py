"""Deployments and ReplicaSets: a selector that fits its template and never changes."""

from __future__ import annotations

from typing import ClassVar

from minikube8s.api.errors import (
    ApiError,
    Cause,
    forbidden_field,
    immutable,
    invalid_value,
    required,
    unsupported,
)
from minikube8s.api.selectors import from_label_selector
from minikube8s.api.strategy.checks import metadata, podspec
from minikube8s.api.strategy.checks.common import (
    Obj,
    count_or_percent,
    label_selector,
    not_negative,
)
from minikube8s.api.strategy.model import Strategy


class ReplicaSetStrategy(Strategy):
    """Hooks of ReplicaSets."""

    generation_sections: ClassVar[tuple[str, ...]] = ("spec",)

    def prepare_create(self, obj: Obj) -> None:
        """A new ReplicaSet has no pods yet."""
        super().prepare_create(obj)
        obj["status"] = {"replicas": 0}

    def validate(self, obj: Obj) -> list[Cause]:
        """Check metadata, selector and template."""
        return [*super().validate(obj), *check_workload(obj["spec"])]

    def validate_update(self, new: Obj, old: Obj, subresource: str = "") -> list[Cause]:
        """Keep the selector."""
        return [*super().validate_update(new, old, subresource), *check_selector_kept(new, old)]


class DeploymentStrategy(Strategy):
    """Hooks of Deployments. Annotations count for the generation: they say what a revision is."""

    generation_sections: ClassVar[tuple[str, ...]] = ("spec",)

    def prepare_create(self, obj: Obj) -> None:
        """A new Deployment has no status yet."""
        super().prepare_create(obj)
        obj["status"] = {}

    def validate(self, obj: Obj) -> list[Cause]:
        """Check metadata, selector, template and strategy."""
        spec = obj["spec"]
        return [*super().validate(obj), *check_workload(spec), *_deployment(spec)]

    def validate_update(self, new: Obj, old: Obj, subresource: str = "") -> list[Cause]:
        """Keep the selector."""
        return [*super().validate_update(new, old, subresource), *check_selector_kept(new, old)]

    def _changed(self, new: Obj, old: Obj) -> bool:
        annotations = new["metadata"].get("annotations") or {}
        return super()._changed(new, old) or annotations != (
            old["metadata"].get("annotations") or {}
        )


def check_workload(spec: Obj) -> list[Cause]:
    """Check what all replicated workloads have: replicas, selector and template."""
    causes = not_negative("spec.replicas", spec.get("replicas"))
    causes += not_negative("spec.minReadySeconds", spec.get("minReadySeconds"))
    selector = spec.get("selector")
    if selector is None:
        causes.append(required("spec.selector"))
    else:
        causes += label_selector("spec.selector", selector)
        if not selector.get("matchLabels") and not selector.get("matchExpressions"):
            why = "empty selector is invalid for deployment"
            causes.append(invalid_value("spec.selector", selector, why))
    return causes + _template(spec.get("template") or {}, selector)


def check_selector_kept(new: Obj, old: Obj) -> list[Cause]:
    """Refuse a change of the selector: pods that no longer match would be left behind."""
    selector = new["spec"].get("selector")
    if selector == old["spec"].get("selector"):
        return []
    return [immutable("spec.selector", selector)]


def _template(template: Obj, selector: Obj | None) -> list[Cause]:
    about, spec = template.get("metadata") or {}, template.get("spec") or {}
    causes: list[Cause] = []
    labels = about.get("labels") or {}
    if selector and not _matches(selector, labels):
        why = "`selector` does not match template `labels`"
        causes.append(invalid_value("spec.template.metadata.labels", labels, why))
    causes += metadata.check_template("spec.template.metadata", about)
    causes += podspec.check("spec.template.spec", spec)
    policy = spec.get("restartPolicy")
    if policy in podspec.RESTART_POLICIES and policy != "Always":
        causes.append(unsupported("spec.template.spec.restartPolicy", policy, ("Always",)))
    if spec.get("activeDeadlineSeconds") is not None:
        why = "activeDeadlineSeconds in ReplicaSet is not Supported"
        causes.append(forbidden_field("spec.template.spec.activeDeadlineSeconds", why))
    return causes


def _matches(selector: Obj, labels: dict[str, str]) -> bool:
    try:
        return from_label_selector(selector).matches(labels)
    except ApiError:
        # What is wrong with the selector itself is reported at its own field.
        return True


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
        if _number(missing) == 0 and _number(extra) == 0:
            why = "may not be 0 when `maxSurge` is 0"
            causes.append(invalid_value(f"{field}.maxUnavailable", missing, why))
        if isinstance(missing, str) and _number(missing) > 100:
            why = "must not be greater than 100%"
            causes.append(invalid_value(f"{field}.maxUnavailable", missing, why))
    return causes


def _number(value: int | str) -> int:
    return value if isinstance(value, int) else int(value.removesuffix("%"))
