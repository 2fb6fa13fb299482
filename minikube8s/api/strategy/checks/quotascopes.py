"""Validation of the scopes of ResourceQuotas: which pods a quota counts."""

from __future__ import annotations

from collections.abc import Iterable, Set

from minikube8s.api.errors import Cause, invalid_value, required
from minikube8s.api.strategy.checks.common import Obj

_OF_PODS = frozenset(
    {
        "BestEffort",
        "CrossNamespacePodAffinity",
        "NotBestEffort",
        "NotTerminating",
        "PriorityClass",
        "Terminating",
    }
)
_SCOPES = _OF_PODS | {"VolumeAttributesClass"}
_PLAIN = _OF_PODS - {"PriorityClass"}
"""Scopes that a pod is in or not, whatever values there are."""
_OPPOSITES = ({"BestEffort", "NotBestEffort"}, {"Terminating", "NotTerminating"})
_COMPUTE = frozenset(
    {
        "cpu",
        "limits.cpu",
        "limits.memory",
        "memory",
        "pods",
        "requests.cpu",
        "requests.memory",
    }
)
_UNKNOWN = "unsupported scope"
_UNFIT = "unsupported scope applied to resource"
_OPERATOR = (
    "must be 'Exist' when scope is any of ResourceQuotaScopeTerminating,"
    " ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort,"
    " ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity"
)


def check(spec: Obj, standard: Set[str]) -> list[Cause]:
    """Check both ways of writing scopes; `standard` are the names that Kubernetes gave amounts."""
    bounded = sorted(standard & set(spec.get("hard") or ()))
    causes = _plain(spec.get("scopes") or [], bounded)
    selector = spec.get("scopeSelector")
    if selector is not None:
        causes += _selector("spec.scopeSelector.matchExpressions", selector, bounded)
    return causes


def _plain(scopes: list[str], bounded: list[str]) -> list[Cause]:
    causes: list[Cause] = []
    for scope in scopes:
        if scope not in _SCOPES:
            causes.append(invalid_value("spec.scopes", scopes, _UNKNOWN))
        causes += [
            invalid_value("spec.scopes", scopes, _UNFIT)
            for name in bounded
            if not _fits(scope, name)
        ]
    if _conflict(scopes):
        causes.append(invalid_value("spec.scopes", scopes, "conflicting scopes"))
    return causes


def _selector(field: str, selector: Obj, bounded: list[str]) -> list[Cause]:
    expressions = selector.get("matchExpressions") or []
    causes: list[Cause] = []
    for one in expressions:
        causes += _expression(field, one)
        causes += [
            invalid_value(field, selector, _UNFIT)
            for name in bounded
            if not _fits(one.get("scopeName") or "", name)
        ]
    if _conflict(one.get("scopeName") or "" for one in expressions):
        causes.append(invalid_value(field, None, "conflicting scopes"))
    return causes


def _fits(scope: str, name: str) -> bool:
    """Tell whether a quota of this scope may bound the amount: scopes of pods bound pods only."""
    if scope == "BestEffort":
        return name == "pods"
    return scope not in _OF_PODS or name in _COMPUTE


def _conflict(scopes: Iterable[str]) -> bool:
    given = set(scopes)
    return any(pair <= given for pair in _OPPOSITES)


def _expression(field: str, expression: Obj) -> list[Cause]:
    scope, operator = expression.get("scopeName") or "", expression.get("operator") or ""
    values = expression.get("values") or []
    causes: list[Cause] = []
    if scope not in _SCOPES:
        causes.append(invalid_value(f"{field}.scopeName", scope, _UNKNOWN))
    if scope in _PLAIN and operator != "Exists":
        causes.append(invalid_value(f"{field}.operator", operator, _OPERATOR))
    match operator:
        case "In" | "NotIn":
            if not values:
                why = "must be at least one value when `operator` is 'In' or 'NotIn' for scope"
                causes.append(required(f"{field}.values", f"{why} selector"))
        case "Exists" | "DoesNotExist":
            if values:
                why = "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope"
                causes.append(invalid_value(f"{field}.values", values, f"{why} selector"))
        case _:
            why = "not a valid selector operator"
            causes.append(invalid_value(f"{field}.operator", operator, why))
    return causes
