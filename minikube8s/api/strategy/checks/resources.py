"""Validation of a container's resource requests and limits."""

from __future__ import annotations

from minikube8s.api import names, quantity
from minikube8s.api.errors import Cause, invalid_value
from minikube8s.api.strategy.checks.common import Obj, named

_STANDARD = ("cpu", "memory", "ephemeral-storage")


def check(field: str, requirements: Obj) -> list[Cause]:
    """Check `resources`: known names, amounts that are none below zero, requests within limits."""
    causes: list[Cause] = []
    limits = requirements.get("limits") or {}
    requests = requirements.get("requests") or {}
    for section, amounts in (("limits", limits), ("requests", requests)):
        for name, amount in amounts.items():
            at = f"{field}.{section}[{name}]"
            causes += _resource_name(at, name)
            if quantity.parse(amount).nano < 0:
                why = "must be greater than or equal to 0"
                causes.append(invalid_value(at, amount, why))
    for name, amount in requests.items():
        limit = limits.get(name)
        if limit is not None and quantity.parse(amount) > quantity.parse(limit):
            why = f"must be less than or equal to {name} limit of {limit}"
            causes.append(invalid_value(f"{field}.requests", str(amount), why))
    return causes


def _resource_name(at: str, name: str) -> list[Cause]:
    causes = named(at, name, names.qualified_name)
    if not causes and "/" not in name:
        standard = name in _STANDARD or name.startswith("hugepages-")
        if not standard:
            causes.append(invalid_value(at, name, "must be a standard resource for containers"))
    return causes
