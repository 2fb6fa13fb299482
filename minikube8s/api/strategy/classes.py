"""The classes that pods name: of priority and of runtime."""

from __future__ import annotations

from typing import ClassVar

from minikube8s.api import names
from minikube8s.api.errors import Cause, forbidden_field
from minikube8s.api.strategy.checks.common import Obj, kept, labels, needed_name, optional_one_of
from minikube8s.api.strategy.model import Strategy

HIGHEST_PRIORITY = 1_000_000_000
"""The highest priority that users may give."""
SYSTEM_PRIORITIES = {
    "system-cluster-critical": 2 * HIGHEST_PRIORITY,
    "system-node-critical": 2 * HIGHEST_PRIORITY + 1000,
}
_SYSTEM = "system-"


class PriorityClassStrategy(Strategy):
    """Hooks of PriorityClasses."""

    generation_sections: ClassVar[tuple[str, ...]] = ("value", "globalDefault", "description")

    def validate(self, obj: Obj) -> list[Cause]:
        """Check metadata and value; names that begin with `system-` are the system's."""
        causes = super().validate(obj)
        name, value = obj["metadata"].get("name") or "", obj.get("value", 0)
        if name.startswith(_SYSTEM):
            if SYSTEM_PRIORITIES.get(name) != value:
                why = (
                    f"priority class names with '{_SYSTEM}' prefix are reserved for system use"
                    f" only. error: {_refusal(name)}"
                )
                causes.append(forbidden_field("metadata.name", why))
        elif value > HIGHEST_PRIORITY:
            why = f"maximum allowed value of a user defined priority is {HIGHEST_PRIORITY}"
            causes.append(forbidden_field("value", why))
        policies = ("Never", "PreemptLowerPriority")
        return causes + optional_one_of("preemptionPolicy", obj.get("preemptionPolicy"), policies)

    def validate_update(self, new: Obj, old: Obj, subresource: str = "") -> list[Cause]:
        """Keep what pods were given."""
        causes = super().validate_update(new, old, subresource)
        if new.get("value", 0) != old.get("value", 0):
            causes.append(forbidden_field("value", "may not be changed in an update."))
        return causes + kept(new, old, ("preemptionPolicy",))


class RuntimeClassStrategy(Strategy):
    """Hooks of RuntimeClasses."""

    unconditional: ClassVar[bool] = False

    def validate(self, obj: Obj) -> list[Cause]:
        """Check metadata, handler and where its pods may run."""
        causes = super().validate(obj)
        causes += needed_name("handler", obj.get("handler"), names.dns1123_label)
        selector = (obj.get("scheduling") or {}).get("nodeSelector")
        return causes + labels("scheduling.nodeSelector", selector)

    def validate_update(self, new: Obj, old: Obj, subresource: str = "") -> list[Cause]:
        """Keep the handler."""
        return [*super().validate_update(new, old, subresource), *kept(new, old, ("handler",))]


def _refusal(name: str) -> str:
    value = SYSTEM_PRIORITIES.get(name)
    if value is None:
        return f"{name} is not a known system priority class"
    return f"value of {name} PriorityClass must be {value}"
