"""StatefulSets, DaemonSets, ReplicationControllers, and the templates and revisions they keep."""

from __future__ import annotations

from typing import ClassVar

from minikube8s.api import names
from minikube8s.api.errors import (
    Cause,
    forbidden_field,
    invalid_value,
    required,
    unsupported,
)
from minikube8s.api.strategy.checks import workload
from minikube8s.api.strategy.checks.common import (
    Obj,
    budget,
    kept,
    labels,
    not_negative,
    one_of,
    percentage,
)
from minikube8s.api.strategy.model import Strategy
from minikube8s.api.strategy.volumes import check_claim_spec

_CHANGEABLE = (
    "minReadySeconds",
    "ordinals",
    "persistentVolumeClaimRetentionPolicy",
    "replicas",
    "revisionHistoryLimit",
    "template",
    "updateStrategy",
)
_ONLY = (
    "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template',"
    " 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and"
    " 'minReadySeconds' are forbidden"
)
_RETENTIONS = ("Delete", "Retain")


class StatefulSetStrategy(Strategy):
    """Hooks of StatefulSets."""

    generation_sections: ClassVar[tuple[str, ...]] = ("spec",)
    first_status: ClassVar[Obj | None] = {"replicas": 0, "availableReplicas": 0}

    def check_name(self, name: str) -> list[str]:
        """The name becomes a part of its pods' host names."""
        return names.dns1123_label(name)

    def validate(self, obj: Obj) -> list[Cause]:
        """Check metadata, selector, template, claims and policies."""
        spec = obj["spec"]
        causes = super().validate(obj) + workload.check(spec, "statefulset", "StatefulSet")
        policy = spec.get("podManagementPolicy")
        if not policy:
            causes.append(required("spec.podManagementPolicy"))
        elif policy not in ("OrderedReady", "Parallel"):
            why = "must be 'OrderedReady' or 'Parallel'"
            causes.append(invalid_value("spec.podManagementPolicy", policy, why))
        causes += _stateful_update(spec.get("updateStrategy") or {})
        retention = spec.get("persistentVolumeClaimRetentionPolicy") or {}
        for name in ("whenDeleted", "whenScaled"):
            field = f"spec.persistentVolumeClaimRetentionPolicy.{name}"
            causes += one_of(field, retention.get(name), _RETENTIONS)
        causes += not_negative("spec.ordinals.start", (spec.get("ordinals") or {}).get("start"))
        for position, claim in enumerate(spec.get("volumeClaimTemplates") or ()):
            at = f"spec.volumeClaimTemplates[{position}]"
            causes += check_claim_spec(f"{at}.spec", claim.get("spec") or {})
        return causes

    def validate_update(self, new: Obj, old: Obj, subresource: str = "") -> list[Cause]:
        """Keep what the pods and their claims were made by."""
        causes = super().validate_update(new, old, subresource)
        if _fixed(new["spec"]) != _fixed(old["spec"]):
            causes.append(forbidden_field("spec", _ONLY))
        return causes


class DaemonSetStrategy(Strategy):
    """Hooks of DaemonSets."""

    generation_sections: ClassVar[tuple[str, ...]] = ("spec",)
    first_status: ClassVar[Obj | None] = {
        "currentNumberScheduled": 0,
        "desiredNumberScheduled": 0,
        "numberMisscheduled": 0,
        "numberReady": 0,
    }

    def validate(self, obj: Obj) -> list[Cause]:
        """Check metadata, selector, template and update strategy."""
        spec = obj["spec"]
        causes = super().validate(obj) + workload.check(spec, "daemonset", "DaemonSet")
        causes += not_negative("spec.revisionHistoryLimit", spec.get("revisionHistoryLimit"))
        return causes + _daemon_update(spec.get("updateStrategy") or {})

    def validate_update(self, new: Obj, old: Obj, subresource: str = "") -> list[Cause]:
        """Keep the selector."""
        return [*super().validate_update(new, old, subresource), *workload.selector_kept(new, old)]


class ReplicationControllerStrategy(Strategy):
    """Hooks of ReplicationControllers, whose selector is a plain map."""

    orphans: ClassVar[bool] = True
    generation_sections: ClassVar[tuple[str, ...]] = ("spec",)
    first_status: ClassVar[Obj | None] = {"replicas": 0}

    def validate(self, obj: Obj) -> list[Cause]:
        """Check metadata, selector and template."""
        spec = obj["spec"]
        causes = super().validate(obj)
        causes += not_negative("spec.replicas", spec.get("replicas"))
        causes += not_negative("spec.minReadySeconds", spec.get("minReadySeconds"))
        selector = spec.get("selector")
        if not selector:
            causes.append(required("spec.selector"))
        causes += labels("spec.selector", selector)
        template = spec.get("template") or {}
        causes += workload.check_labels(template, {"matchLabels": selector} if selector else None)
        return causes + workload.check_lasting(template, "ReplicationController")


class ControllerRevisionStrategy(Strategy):
    """Hooks of ControllerRevisions: what they keep never changes."""

    def validate(self, obj: Obj) -> list[Cause]:
        """Check metadata, and that there is something kept."""
        causes = super().validate(obj)
        if obj.get("data") is None:
            causes.append(required("data", "data is mandatory"))
        return causes + not_negative("revision", obj.get("revision"))

    def validate_update(self, new: Obj, old: Obj, subresource: str = "") -> list[Cause]:
        """Keep the data."""
        return [*super().validate_update(new, old, subresource), *kept(new, old, ("data",))]


class PodTemplateStrategy(Strategy):
    """Hooks of PodTemplates."""

    generation_sections: ClassVar[tuple[str, ...]] = ("template",)

    def validate(self, obj: Obj) -> list[Cause]:
        """Check metadata and template."""
        template = obj.get("template") or {}
        return [*super().validate(obj), *workload.check_template("template", template)]


def _fixed(spec: Obj) -> Obj:
    return {name: value for name, value in spec.items() if name not in _CHANGEABLE}


def _stateful_update(strategy: Obj) -> list[Cause]:
    field, rolling = "spec.updateStrategy", strategy.get("rollingUpdate")
    match strategy.get("type"):
        case None | "":
            return [required(field)]
        case "OnDelete":
            if rolling is None:
                return []
            why = "only allowed for updateStrategy 'RollingUpdate'"
            return [invalid_value(f"{field}.rollingUpdate", rolling, why)]
        case "RollingUpdate":
            at = f"{field}.rollingUpdate"
            causes = not_negative(f"{at}.partition", (rolling or {}).get("partition"))
            most = (rolling or {}).get("maxUnavailable")
            if most is not None:
                causes += budget(f"{at}.maxUnavailable", most)
                if not causes and percentage(most) == 0:
                    why = "cannot be 0"
                    causes.append(invalid_value(f"{at}.maxUnavailable", most, why))
            return causes
    return [invalid_value(field, strategy, "must be 'RollingUpdate' or 'OnDelete'")]


def _daemon_update(strategy: Obj) -> list[Cause]:
    field = "spec.updateStrategy"
    match strategy.get("type"):
        case "OnDelete":
            return []
        case "RollingUpdate":
            return _daemon_rolling(f"{field}.rollingUpdate", strategy.get("rollingUpdate"))
    return [unsupported(field, strategy.get("type") or "", ("OnDelete", "RollingUpdate"))]


def _daemon_rolling(field: str, rolling: Obj | None) -> list[Cause]:
    if rolling is None:
        return [required(field)]
    missing, extra = rolling.get("maxUnavailable", 0), rolling.get("maxSurge", 0)
    causes = budget(f"{field}.maxUnavailable", missing) + budget(f"{field}.maxSurge", extra)
    if causes:
        return causes
    if not percentage(missing) and not percentage(extra):
        return [required(f"{field}.maxUnavailable", "cannot be 0 when maxSurge is 0")]
    if percentage(missing) and percentage(extra):
        why = "may not be set when maxUnavailable is non-zero"
        return [invalid_value(f"{field}.maxSurge", extra, why)]
    return []
