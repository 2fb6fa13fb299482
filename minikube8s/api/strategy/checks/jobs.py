"""Validation of what decides when a Job ends: its indexes, its policies of failure and success."""

from __future__ import annotations

from collections.abc import Iterable

from minikube8s.api import names
from minikube8s.api.errors import (
    Cause,
    duplicate,
    invalid_value,
    required,
    too_many,
    unsupported,
)
from minikube8s.api.strategy.checks.common import Obj, named, not_negative

_INDEXES = 100_000
"""The most pods of an indexed job at once, and the most completions without further bounds."""
_MANY_INDEXES = 10_000
"""The most pods at once, and the most failures, of a job with more completions than that."""
_RULES, _EXIT_CODES = 20, 255
_ACTIONS = ("Count", "FailIndex", "FailJob", "Ignore")
_OPERATORS = ("In", "NotIn")
_STATUSES = ("False", "True", "Unknown")
_NEEDS_INDEXES = "requires indexed completion mode"


def check_indexes(field: str, spec: Obj) -> list[Cause]:
    """Check the numbers that go by index against each other and the completion mode."""
    failures, retries = spec.get("maxFailedIndexes"), spec.get("backoffLimitPerIndex")
    causes: list[Cause] = []
    if failures is not None and retries is None:
        why = "when maxFailedIndexes is specified"
        causes.append(required(f"{field}.backoffLimitPerIndex", why))
    if spec.get("completionMode") == "Indexed":
        return causes + _indexed(field, spec)
    return causes + [
        invalid_value(f"{field}.{name}", spec[name], _NEEDS_INDEXES)
        for name in ("backoffLimitPerIndex", "maxFailedIndexes")
        if spec.get(name) is not None
    ]


def _indexed(field: str, spec: Obj) -> list[Cause]:
    completions, parallelism = spec.get("completions"), spec.get("parallelism") or 0
    failures = spec.get("maxFailedIndexes")
    causes: list[Cause] = []
    if completions is None:
        causes.append(required(f"{field}.completions", "when completion mode is Indexed"))
    if parallelism > _INDEXES:
        why = f"must be less than or equal to {_INDEXES} when completion mode is Indexed"
        causes.append(invalid_value(f"{field}.parallelism", parallelism, why))
    if failures is not None and completions is not None and failures > completions:
        why = "must be less than or equal to completions"
        causes.append(invalid_value(f"{field}.maxFailedIndexes", failures, why))
    if failures is not None and failures > _INDEXES:
        why = f"must be less than or equal to {_INDEXES}"
        causes.append(invalid_value(f"{field}.maxFailedIndexes", failures, why))
    many = completions is not None and completions > _INDEXES
    if many and spec.get("backoffLimitPerIndex") is not None:
        causes += _many(field, parallelism, failures)
    return causes


def _many(field: str, parallelism: int, failures: int | None) -> list[Cause]:
    causes: list[Cause] = []
    if failures is None:
        why = f"must be specified when completions is above {_INDEXES}"
        causes.append(required(f"{field}.maxFailedIndexes", why))
    why = (
        f"must be less than or equal to {_MANY_INDEXES} when completions are above {_INDEXES} and"
        " used with backoff limit per index"
    )
    for name, number in (("parallelism", parallelism), ("maxFailedIndexes", failures or 0)):
        if number > _MANY_INDEXES:
            causes.append(invalid_value(f"{field}.{name}", number, why))
    return causes


def check_failures(field: str, spec: Obj) -> list[Cause]:
    """Check a podFailurePolicy against the pod template that it speaks of."""
    policy = spec.get("podFailurePolicy")
    if policy is None:
        return []
    rules = policy.get("rules") or []
    at = f"{field}.podFailurePolicy.rules"
    causes = [too_many(at, len(rules), _RULES)] if len(rules) > _RULES else []
    pod = (spec.get("template") or {}).get("spec") or {}
    containers = {
        container.get("name")
        for section in ("containers", "initContainers")
        for container in pod.get(section) or ()
    }
    by_index = spec.get("backoffLimitPerIndex") is not None
    for position, rule in enumerate(rules):
        causes += _failure_rule(f"{at}[{position}]", rule, containers, by_index=by_index)
    return causes


def _failure_rule(
    field: str, rule: Obj, containers: set[str | None], *, by_index: bool
) -> list[Cause]:
    action, at = rule.get("action") or "", f"{field}.action"
    codes, conditions = rule.get("onExitCodes"), rule.get("onPodConditions") or []
    causes = _choice(at, action, _ACTIONS)
    if action == "FailIndex" and not by_index:
        why = "requires the backoffLimitPerIndex to be set"
        causes.append(invalid_value(at, action, why))
    if codes is not None:
        causes += _exit_codes(f"{field}.onExitCodes", codes, containers)
    causes += _conditions(f"{field}.onPodConditions", conditions)
    if codes is not None and conditions:
        causes.append(
            _wrong(field, "specifying both OnExitCodes and OnPodConditions is not supported")
        )
    if codes is None and not conditions:
        causes.append(
            _wrong(field, "specifying one of OnExitCodes and OnPodConditions is required")
        )
    return causes


def _exit_codes(field: str, codes: Obj, containers: set[str | None]) -> list[Cause]:
    operator, values = codes.get("operator") or "", codes.get("values") or []
    causes = _choice(f"{field}.operator", operator, _OPERATORS)
    container, at = codes.get("containerName"), f"{field}.values"
    if container is not None and container not in containers:
        why = "must be one of the container or initContainer names in the pod template"
        causes.append(invalid_value(f"{field}.containerName", container, why))
    if not values:
        causes.append(invalid_value(at, values, "at least one value is required"))
    elif len(values) > _EXIT_CODES:
        causes.append(too_many(at, len(values), _EXIT_CODES))
    for position, value in enumerate(values):
        if operator == "In" and value == 0:
            why = "must not be 0 for the In operator"
            causes.append(invalid_value(f"{at}[{position}]", value, why))
        if value in values[:position]:
            causes.append(duplicate(f"{at}[{position}]", value))
    if values != sorted(values):
        causes.append(invalid_value(at, values, "must be ordered"))
    return causes


def _conditions(field: str, patterns: list[Obj]) -> list[Cause]:
    causes = [too_many(field, len(patterns), _RULES)] if len(patterns) > _RULES else []
    for position, pattern in enumerate(patterns):
        at = f"{field}[{position}]"
        causes += named(f"{at}.type", pattern.get("type") or "", names.qualified_name)
        causes += _choice(f"{at}.status", pattern.get("status") or "", _STATUSES)
    return causes


def check_success(field: str, spec: Obj) -> list[Cause]:
    """Check a successPolicy, which indexed jobs alone may have."""
    policy, at = spec.get("successPolicy"), f"{field}.successPolicy"
    if policy is None:
        return []
    if spec.get("completionMode") != "Indexed":
        return [invalid_value(at, policy, _NEEDS_INDEXES)]
    rules, completions = policy.get("rules") or [], spec.get("completions")
    causes: list[Cause] = []
    if not rules:
        why = "at least one rules must be specified when the successPolicy is specified"
        causes.append(required(f"{at}.rules", why))
    elif len(rules) > _RULES:
        causes.append(too_many(f"{at}.rules", len(rules), _RULES))
    for position, rule in enumerate(rules):
        here, count = f"{at}.rules[{position}]", rule.get("succeededCount")
        if count is None and rule.get("succeededIndexes") is None:
            why = "at least one of succeededCount or succeededIndexes must be specified"
            causes.append(required(here, why))
        causes += not_negative(f"{here}.succeededCount", count)
        if count is not None and completions is not None and count > completions:
            why = (
                f"must be less than or equal to {completions} (the number of specified completions)"
            )
            causes.append(invalid_value(f"{here}.succeededCount", count, why))
    return causes


def _choice(field: str, value: str, valid: Iterable[str]) -> list[Cause]:
    """Check a word of a closed list, which is told also to who gave none."""
    choices = tuple(valid)
    if not value:
        listed = " ".join(f'"{choice}"' for choice in choices)
        return [required(field, f"valid values: [{listed}]")]
    return [] if value in choices else [unsupported(field, value, choices)]


def _wrong(field: str, why: str) -> Cause:
    """Return the cause for a rule whose parts do not go together: none of them is printed."""
    return Cause(field, "FieldValueInvalid", f"Invalid value: {why}")
