"""Pods: gracefully deleted, bound to a node once, almost immutable."""

from __future__ import annotations

from typing import ClassVar

from minikube8s.api import quantity
from minikube8s.api.errors import Cause, forbidden_field
from minikube8s.api.strategy import labelkeys, podparts
from minikube8s.api.strategy.checks import podspec, podupdate
from minikube8s.api.strategy.model import Obj, Strategy

_COMPUTED = ("cpu", "memory")
"""The resources that decide a pod's quality of service."""


class PodStrategy(Strategy):
    """Hooks of pods."""

    graceful: ClassVar[bool] = True
    generation_sections: ClassVar[tuple[str, ...]] = ("spec",)

    def prepare_create(self, obj: Obj) -> None:
        """A new pod is Pending, whatever it says of itself; its affinity is of its own labels."""
        super().prepare_create(obj)
        labelkeys.merge(obj)
        obj["status"] = {"phase": "Pending", "qosClass": qos_class(obj["spec"])}

    def prepare_update(self, new: Obj, old: Obj, subresource: str = "") -> None:
        """A binding writes the node and says so in the status; the generation stays."""
        if subresource in podparts.PARTS:
            podparts.prepare(new, old, subresource)
            if self._changed(new, old):
                new["metadata"]["generation"] = old["metadata"].get("generation", 0) + 1
            return
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
        return [*super().validate(obj), *podspec.check("spec", obj["spec"], in_pod=True)]

    def validate_changed(self, new: Obj, old: Obj, subresource: str = "") -> list[Cause]:
        """Leave out the spec, which takes longest, where it is as it was but for the node's name.

        Every pod is bound once, and its status is written several times.
        """
        if subresource == "status" and new["spec"] == old["spec"]:
            return super().validate(new)
        if subresource == "binding":
            node = new["spec"].get("nodeName") or ""
            return [*super().validate(new), *podspec.check_node_name("spec", node)]
        return self.validate(new)

    def validate_new(self, obj: Obj) -> list[Cause]:
        """Refuse what joins a pod only later, and a node for a pod that is held back."""
        spec = obj["spec"]
        causes = super().validate_new(obj)
        if spec.get("ephemeralContainers"):
            causes.append(forbidden_field("spec.ephemeralContainers", "cannot be set on create"))
        if spec.get("nodeName") and spec.get("schedulingGates"):
            why = "cannot be set until all schedulingGates have been cleared"
            causes.append(forbidden_field("spec.nodeName", why))
        return causes

    def validate_update(self, new: Obj, old: Obj, subresource: str = "") -> list[Cause]:
        """Allow new images, a shorter deadline and more tolerations, and binding to a node once."""
        causes = super().validate_update(new, old, subresource)
        if subresource in podparts.PARTS:
            quality = qos_class(new["spec"]), qos_class(old["spec"])
            return causes + podparts.check(new, old, subresource, quality)
        if new["spec"] == old["spec"] or (subresource == "binding" and _is_unbound(old)):
            return causes
        return causes + podupdate.check(new["spec"], old["spec"])

    def part_warnings(self, obj: Obj, subresource: str) -> list[str]:
        """Say what nothing acts on yet of the parts that are written by themselves."""
        return self.warnings(obj) if subresource in podparts.PARTS else []


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
