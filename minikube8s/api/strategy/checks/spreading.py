"""Validation of what else decides when and where a pod runs: gates, and spreading."""

from __future__ import annotations

from minikube8s.api import names
from minikube8s.api.errors import Cause, duplicate, forbidden_field, invalid_value, required
from minikube8s.api.strategy.checks.common import (
    Obj,
    label_selector,
    named,
    one_of,
    optional_one_of,
)

_UNSATISFIABLE = ("DoNotSchedule", "ScheduleAnyway")
_INCLUSION = ("Honor", "Ignore")
_POSITIVE = "must be greater than zero"


def check(field: str, spec: Obj) -> list[Cause]:
    """Check the spread constraints, readiness gates and scheduling gates of a pod spec."""
    causes: list[Cause] = []
    pairs: set[tuple[str, str]] = set()
    for position, constraint in enumerate(spec.get("topologySpreadConstraints") or ()):
        at = f"{field}.topologySpreadConstraints[{position}]"
        causes += _spread(at, constraint)
        pair = constraint.get("topologyKey") or "", constraint.get("whenUnsatisfiable") or ""
        if pair in pairs:
            named_pair = f"{{{pair[0]}, {pair[1]}}}"
            causes.append(duplicate(f"{at}.{{topologyKey, whenUnsatisfiable}}", named_pair))
        pairs.add(pair)
    for position, gate in enumerate(spec.get("readinessGates") or ()):
        at = f"{field}.readinessGates[{position}].conditionType"
        causes += named(at, gate.get("conditionType") or "", names.qualified_name)
    taken: set[str] = set()
    for position, gate in enumerate(spec.get("schedulingGates") or ()):
        at, name = f"{field}.schedulingGates[{position}]", gate.get("name") or ""
        causes += named(at, name, names.qualified_name)
        if name in taken:
            causes.append(duplicate(at, name))
        taken.add(name)
    return causes


def _spread(field: str, constraint: Obj) -> list[Cause]:
    causes: list[Cause] = []
    skew, key = constraint.get("maxSkew", 0), constraint.get("topologyKey")
    if skew <= 0:
        causes.append(invalid_value(f"{field}.maxSkew", skew, _POSITIVE))
    if not key:
        causes.append(required(f"{field}.topologyKey", "can not be empty"))
    else:
        causes += named(f"{field}.topologyKey", key, names.qualified_name)
    action = constraint.get("whenUnsatisfiable")
    causes += one_of(f"{field}.whenUnsatisfiable", action, _UNSATISFIABLE)
    causes += _domains(f"{field}.minDomains", constraint.get("minDomains"), action or "")
    for name in ("nodeAffinityPolicy", "nodeTaintsPolicy"):
        causes += optional_one_of(f"{field}.{name}", constraint.get(name), _INCLUSION)
    causes += label_selector(f"{field}.labelSelector", constraint.get("labelSelector"))
    return causes + _label_keys(f"{field}.matchLabelKeys", constraint)


def _domains(field: str, number: int | None, action: str) -> list[Cause]:
    if number is None:
        return []
    causes = [] if number > 0 else [invalid_value(field, number, _POSITIVE)]
    if action != "DoNotSchedule":
        why = f"can only use minDomains if whenUnsatisfiable=DoNotSchedule, not {action}"
        causes.append(invalid_value(field, number, why))
    return causes


def _label_keys(field: str, constraint: Obj) -> list[Cause]:
    keys, selector = constraint.get("matchLabelKeys") or [], constraint.get("labelSelector")
    if not keys:
        return []
    if selector is None:
        return [forbidden_field(field, "must not be specified when labelSelector is not set")]
    selected = set(selector.get("matchLabels") or ())
    selected |= {one.get("key") for one in selector.get("matchExpressions") or ()}
    causes: list[Cause] = []
    for position, key in enumerate(keys):
        causes += named(f"{field}[{position}]", key, names.qualified_name)
        if key in selected:
            why = "exists in both matchLabelKeys and labelSelector"
            causes.append(invalid_value(f"{field}[{position}]", key, why))
    return causes
