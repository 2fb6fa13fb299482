"""Validation of a container's resource requests and limits."""

from __future__ import annotations

from collections.abc import Iterable

from minikube8s.api import names, quantity
from minikube8s.api.errors import (
    Cause,
    duplicate,
    forbidden_field,
    invalid_value,
    not_found_value,
    required,
)
from minikube8s.api.strategy.checks.common import Obj, named

_HUGE = "hugepages-"
_COMPUTED = frozenset({"cpu", "memory"})
_STANDARD = _COMPUTED | {"ephemeral-storage"}
_ELSEWHERE = frozenset(
    {
        *("pods", "services", "replicationcontrollers", "resourcequotas", "secrets", "configmaps"),
        *("persistentvolumeclaims", "storage", "services.nodeports", "services.loadbalancers"),
    }
)
"""Resources that have plain names, too, but that no container has."""


def check(field: str, requirements: Obj) -> list[Cause]:
    """Check `resources`: known names, amounts that are none below zero, requests within limits."""
    causes: list[Cause] = []
    limits = requirements.get("limits") or {}
    requests = requirements.get("requests") or {}
    for section, amounts in (("limits", limits), ("requests", requests)):
        for name, amount in amounts.items():
            at = f"{field}.{section}[{name}]"
            causes += _resource_name(at, name) + _amount(at, name, amount)
    for name, amount in requests.items():
        causes += _within(field, name, amount, limits.get(name))
    used = {*limits, *requests}
    if any(name.startswith(_HUGE) for name in used) and not used & _COMPUTED:
        causes.append(forbidden_field(field, "HugePages require cpu or memory"))
    return causes


def check_claims(field: str, requirements: Obj, claims: Iterable[str]) -> list[Cause]:
    """Check that the claims that a container uses are among the pod's."""
    causes: list[Cause] = []
    known = sorted(claims)
    taken: set[str] = set()
    for position, claim in enumerate(requirements.get("claims") or ()):
        at, name = f"{field}.claims[{position}]", claim.get("name") or ""
        if not name:
            causes.append(required(at))
            continue
        key = f"{name}/{claim['request']}" if claim.get("request") else name
        if name in taken or key in taken:
            causes.append(duplicate(at, key))
        taken.add(key)
        if name not in known:
            there = f": {', '.join(known)}" if known else " which is empty"
            cause = not_found_value(at, name)
            why = f"must be one of the names in pod.spec.resourceClaims{there}"
            causes.append(cause._replace(message=f"{cause.message}: {why}"))
    return causes


def _amount(at: str, name: str, amount: str) -> list[Cause]:
    given = quantity.parse(amount)
    causes: list[Cause] = []
    if given.nano < 0:
        causes.append(invalid_value(at, amount, "must be greater than or equal to 0"))
    if _is_extended(name) and given.milli % 1000:
        causes.append(invalid_value(at, amount, "must be an integer"))
    if name.startswith(_HUGE):
        page = _page(name)
        if page and (given.nano <= 0 or given.nano % page.nano):
            why = f"{amount} is not positive integer multiple of {name}"
            causes.append(invalid_value(at, amount, why))
    return causes


def _within(field: str, name: str, amount: str, limit: str | None) -> list[Cause]:
    fixed = name.startswith(_HUGE) or _is_extended(name)
    if limit is None:
        why = "Limit must be set for non overcommitable resources"
        return [required(f"{field}.limits", why)] if fixed else []
    wanted, most = quantity.parse(amount), quantity.parse(limit)
    if fixed and wanted != most:
        why = f"must be equal to {name} limit of {limit}"
    elif wanted > most:
        why = f"must be less than or equal to {name} limit of {limit}"
    else:
        return []
    return [invalid_value(f"{field}.requests", str(amount), why)]


def _resource_name(at: str, name: str) -> list[Cause]:
    causes = named(at, name, names.qualified_name)
    if causes or "/" in name or name in _STANDARD or name.startswith(_HUGE):
        return causes
    if name not in _ELSEWHERE:
        why = "must be a standard resource type or fully qualified"
        causes.append(invalid_value(at, name, why))
    causes.append(invalid_value(at, name, "must be a standard resource for containers"))
    return causes


def _is_extended(name: str) -> bool:
    """Tell whether a resource is not Kubernetes' own: devices are counted, not shared."""
    return "/" in name and "kubernetes.io/" not in name


def _page(name: str) -> quantity.Quantity | None:
    try:
        return quantity.parse(name.removeprefix(_HUGE))
    except ValueError:
        return None
