"""Pods: gracefully deleted, bound to a node once, almost immutable."""

from __future__ import annotations

import copy
from typing import Any, ClassVar

from minikube8s.api import quantity
from minikube8s.api.defaults import admit_pod
from minikube8s.api.errors import Cause, forbidden_field, invalid_value
from minikube8s.api.strategy.checks import podspec
from minikube8s.api.strategy.model import Obj, Strategy

_COMPUTED = ("cpu", "memory")
"""The resources that decide a pod's quality of service."""

_ONLY = (
    "pod updates may not change fields other than `spec.containers[*].image`,"
    "`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only"
    " additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set"
    " to 1 if it was previously negative)"
)


class PodStrategy(Strategy):
    """Hooks of pods."""

    graceful: ClassVar[bool] = True
    generation_sections: ClassVar[tuple[str, ...]] = ("spec",)

    def prepare_create(self, obj: Obj) -> None:
        """A new pod is Pending, whatever it says of itself."""
        super().prepare_create(obj)
        admit_pod(obj)
        obj["status"] = {"phase": "Pending", "qosClass": qos_class(obj["spec"])}

    def prepare_update(self, new: Obj, old: Obj, subresource: str = "") -> None:
        """A binding writes the node and says so in the status; the generation stays."""
        if subresource != "binding":
            super().prepare_update(new, old, subresource)
            return
        node = new["spec"].get("nodeName")
        self.prepare_status(new, old)
        new["spec"] = {**old["spec"], "nodeName": node}

    def prepare_status(self, new: Obj, old: Obj) -> None:
        """A status keeps the quality of service, which the spec decides."""
        super().prepare_status(new, old)
        status = new.setdefault("status", {})
        status["qosClass"] = old.get("status", {}).get("qosClass") or qos_class(new["spec"])

    def validate(self, obj: Obj) -> list[Cause]:
        """Check metadata and spec."""
        return [*super().validate(obj), *podspec.check("spec", obj["spec"])]

    def validate_update(self, new: Obj, old: Obj, subresource: str = "") -> list[Cause]:
        """Allow new images, a shorter deadline and more tolerations, and binding to a node once."""
        causes = super().validate_update(new, old, subresource)
        if new["spec"] == old["spec"] or (subresource == "binding" and _is_unbound(old)):
            return causes
        causes += _deadline(new["spec"], old["spec"])
        if _fixed_part(new["spec"], old["spec"]) != old["spec"]:
            differing = _differences(_fixed_part(new["spec"], old["spec"]), old["spec"])
            causes.append(forbidden_field("spec", f"{_ONLY}\n{differing}"))
        return causes


def _is_unbound(pod: Obj) -> bool:
    return not pod["spec"].get("nodeName")


def qos_class(spec: Obj) -> str:
    """Return Guaranteed, Burstable or BestEffort.

    Guaranteed: every container limits CPU and memory and requests as much. BestEffort: none
    requests or limits any of the two.
    """
    containers = [*(spec.get("initContainers") or ()), *(spec.get("containers") or ())]
    found, guaranteed = False, True
    for container in containers:
        resources = container.get("resources") or {}
        requests = _amounts(resources.get("requests"))
        limits = _amounts(resources.get("limits"))
        found = found or bool(requests or limits)
        guaranteed = guaranteed and len(limits) == len(_COMPUTED) and requests == limits
    if not found:
        return "BestEffort"
    return "Guaranteed" if guaranteed else "Burstable"


def _amounts(amounts: Obj | None) -> dict[str, quantity.Quantity]:
    parsed = {
        name: quantity.parse(amount)
        for name, amount in (amounts or {}).items()
        if name in _COMPUTED
    }
    return {name: amount for name, amount in parsed.items() if amount.nano}


def _deadline(new: Obj, old: Obj) -> list[Cause]:
    field, before = "spec.activeDeadlineSeconds", old.get("activeDeadlineSeconds")
    after = new.get("activeDeadlineSeconds")
    if before is None or after == before:
        return []
    if after is None:
        why = "must not update from a positive integer to nil value"
        return [invalid_value(field, after, why)]
    if after > before:
        return [
            invalid_value(field, after, f"must be less than or equal to previous value {before}")
        ]
    return []


def _fixed_part(new: Obj, old: Obj) -> Obj:
    """Return the new spec with the old values of everything that may change."""
    fixed = copy.deepcopy(new)
    for section in ("containers", "initContainers"):
        before = old.get(section) or []
        for container, previous in zip(fixed.get(section) or [], before, strict=False):
            _keep(container, previous, "image")
    _keep(fixed, old, "activeDeadlineSeconds")
    if (old.get("terminationGracePeriodSeconds") or 0) < 0:
        _keep(fixed, old, "terminationGracePeriodSeconds")
    tolerations = new.get("tolerations") or []
    if all(toleration in tolerations for toleration in old.get("tolerations") or []):
        _keep(fixed, old, "tolerations")
    if set(_names(new.get("schedulingGates"))) <= set(_names(old.get("schedulingGates"))):
        _keep(fixed, old, "schedulingGates")
    return fixed


def _names(entries: list[Obj] | None) -> list[str]:
    return [entry.get("name", "") for entry in entries or ()]


def _keep(new: Obj, old: Obj, name: str) -> None:
    if name in old:
        new[name] = old[name]
    else:
        new.pop(name, None)


def _differences(new: Any, old: Any, path: str = "spec") -> str:
    """Name the fields that differ, one a line, as `path: old -> new`."""
    if isinstance(new, dict) and isinstance(old, dict):
        lines = [
            _differences(new.get(name), old.get(name), f"{path}.{name}")
            for name in sorted({*new, *old})
            if new.get(name) != old.get(name)
        ]
    elif isinstance(new, list) and isinstance(old, list) and len(new) == len(old):
        lines = [
            _differences(after, before, f"{path}[{position}]")
            for position, (after, before) in enumerate(zip(new, old, strict=True))
            if after != before
        ]
    else:
        lines = [f"  {path}: {_short(old)} -> {_short(new)}"]
    return "\n".join(lines)


def _short(value: Any) -> str:
    text = "(unset)" if value is None else str(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
