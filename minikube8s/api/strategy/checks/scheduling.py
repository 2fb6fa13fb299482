"""Validation of where a pod may run: tolerations and affinity."""

from __future__ import annotations

from collections import Counter

from minikube8s.api import names
from minikube8s.api.errors import Cause, forbidden_field, invalid_value, required
from minikube8s.api.strategy.checks.common import (
    Obj,
    label_selector,
    labels,
    named,
    optional_one_of,
)

EFFECTS = ("NoExecute", "NoSchedule", "PreferNoSchedule")
_REQUIRED_TERMS = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED_TERMS = "preferredDuringSchedulingIgnoredDuringExecution"


def check(field: str, spec: Obj) -> list[Cause]:
    """Check node selector, tolerations and affinity of a pod spec."""
    causes = labels(f"{field}.nodeSelector", spec.get("nodeSelector"))
    for position, toleration in enumerate(spec.get("tolerations") or ()):
        causes += _toleration(f"{field}.tolerations[{position}]", toleration)
    affinity = spec.get("affinity") or {}
    causes += _node_affinity(f"{field}.affinity.nodeAffinity", affinity.get("nodeAffinity") or {})
    for name in ("podAffinity", "podAntiAffinity"):
        causes += _pod_affinity(f"{field}.affinity.{name}", affinity.get(name) or {})
    return causes


def _toleration(field: str, toleration: Obj) -> list[Cause]:
    causes: list[Cause] = []
    key, value = toleration.get("key") or "", toleration.get("value") or ""
    operator, effect = toleration.get("operator") or "Equal", toleration.get("effect") or ""
    if key:
        causes += named(f"{field}.key", key, names.qualified_name)
    elif operator != "Exists":
        why = (
            "operator must be Exists when `key` is empty, which means "
            '"match all values and all keys"'
        )
        causes.append(invalid_value(f"{field}.operator", operator, why))
    if toleration.get("tolerationSeconds") is not None and effect != "NoExecute":
        why = "effect must be 'NoExecute' when `tolerationSeconds` is set"
        causes.append(invalid_value(f"{field}.effect", effect, why))
    if operator == "Equal":
        causes += named(f"{field}.operator", value, names.label_value)
    elif operator == "Exists":
        if value:
            why = "value must be empty when `operator` is 'Exists'"
            causes.append(invalid_value(f"{field}.operator", value, why))
    else:
        causes += optional_one_of(f"{field}.operator", operator, ("Equal", "Exists"))
    causes += optional_one_of(f"{field}.effect", effect, EFFECTS)
    return causes


def _node_affinity(field: str, affinity: Obj) -> list[Cause]:
    causes: list[Cause] = []
    needed = affinity.get(_REQUIRED_TERMS)
    if needed is not None:
        at = f"{field}.{_REQUIRED_TERMS}.nodeSelectorTerms"
        terms = needed.get("nodeSelectorTerms") or []
        if not terms:
            causes.append(required(at, "must have at least one node selector term"))
        for position, term in enumerate(terms):
            causes += _node_term(f"{at}[{position}]", term, strict=True)
    for position, wish in enumerate(affinity.get(_PREFERRED_TERMS) or ()):
        at = f"{field}.{_PREFERRED_TERMS}[{position}]"
        causes += _weight(at, wish.get("weight", 0))
        causes += _node_term(f"{at}.preference", wish.get("preference") or {}, strict=False)
    return causes


def _node_term(field: str, term: Obj, *, strict: bool) -> list[Cause]:
    """Check a term; a wish (not `strict`) may name values that no label can have."""
    causes: list[Cause] = []
    for position, expression in enumerate(term.get("matchExpressions") or ()):
        at = f"{field}.matchExpressions[{position}]"
        operator, values = expression.get("operator"), expression.get("values") or []
        match operator:
            case "In" | "NotIn" if not values:
                why = "must be specified when `operator` is 'In' or 'NotIn'"
                causes.append(required(f"{at}.values", why))
            case "Exists" | "DoesNotExist" if values:
                why = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
                causes.append(forbidden_field(f"{at}.values", why))
            case "Gt" | "Lt" if len(values) != 1:
                why = "must be specified single value when `operator` is 'Lt' or 'Gt'"
                causes.append(required(f"{at}.values", why))
            case "In" | "NotIn" | "Exists" | "DoesNotExist" | "Gt" | "Lt":
                pass
            case _:
                why = "not a valid selector operator"
                causes.append(invalid_value(f"{at}.operator", operator or "", why))
        causes += named(f"{at}.key", expression.get("key") or "", names.qualified_name)
        if strict:
            for place, value in enumerate(values):
                causes += named(f"{at}.values[{place}]", value, names.label_value)
    for position, expression in enumerate(term.get("matchFields") or ()):
        causes += _node_field(f"{field}.matchFields[{position}]", expression)
    return causes


def _node_field(field: str, expression: Obj) -> list[Cause]:
    causes: list[Cause] = []
    operator, values = expression.get("operator"), expression.get("values") or []
    if operator not in ("In", "NotIn"):
        why = "not a valid selector operator"
        causes.append(invalid_value(f"{field}.operator", operator or "", why))
    elif len(values) != 1:
        why = "must be only one value when `operator` is 'In' or 'NotIn' for node field selector"
        causes.append(required(f"{field}.values", why))
    if expression.get("key") != "metadata.name":
        why = "not a valid field selector key"
        return [*causes, invalid_value(f"{field}.key", expression.get("key") or "", why)]
    for place, value in enumerate(values):
        causes += named(f"{field}.values[{place}]", value, names.dns1123_subdomain)
    return causes


def _pod_affinity(field: str, affinity: Obj) -> list[Cause]:
    causes: list[Cause] = []
    for position, term in enumerate(affinity.get(_REQUIRED_TERMS) or ()):
        causes += _pod_term(f"{field}.{_REQUIRED_TERMS}[{position}]", term)
    for position, wish in enumerate(affinity.get(_PREFERRED_TERMS) or ()):
        at = f"{field}.{_PREFERRED_TERMS}[{position}]"
        causes += _weight(at, wish.get("weight", 0))
        causes += _pod_term(f"{at}.podAffinityTerm", wish.get("podAffinityTerm") or {})
    return causes


def _pod_term(field: str, term: Obj) -> list[Cause]:
    causes = label_selector(f"{field}.labelSelector", term.get("labelSelector"))
    causes += label_selector(f"{field}.namespaceSelector", term.get("namespaceSelector"))
    for name in term.get("namespaces") or ():
        causes += named(f"{field}.namespace", name, names.dns1123_label)
    causes += _label_keys(field, term)
    key = term.get("topologyKey") or ""
    if not key:
        causes.append(required(f"{field}.topologyKey", "can not be empty"))
    return causes + named(f"{field}.topologyKey", key, names.qualified_name)


def _label_keys(field: str, term: Obj) -> list[Cause]:
    """Check the keys that stand for the pod's own values."""
    causes: list[Cause] = []
    selector = term.get("labelSelector")
    same, other = term.get("matchLabelKeys") or [], term.get("mismatchLabelKeys") or []
    for name, keys in (("matchLabelKeys", same), ("mismatchLabelKeys", other)):
        if keys and selector is None:
            why = "must not be specified when labelSelector is not set"
            causes.append(forbidden_field(f"{field}.{name}", why))
        for position, key in enumerate(keys):
            causes += named(f"{field}.{name}[{position}]", key, names.qualified_name)
    selected = Counter(list((selector or {}).get("matchLabels") or ()))
    selected.update(one.get("key") for one in (selector or {}).get("matchExpressions") or ())
    for position, key in enumerate(same):
        at = f"{field}.matchLabelKeys[{position}]"
        # Once it is there for the key itself (see `labelkeys`).
        if selected[key] > 1:
            causes.append(invalid_value(at, key, "exists in both matchLabelKeys and labelSelector"))
        if key in other:
            why = "exists in both matchLabelKeys and mismatchLabelKeys"
            causes.append(invalid_value(at, key, why))
    return causes


def _weight(field: str, weight: int) -> list[Cause]:
    if 1 <= weight <= 100:
        return []
    return [invalid_value(f"{field}.weight", weight, "must be in the range 1-100")]
