"""Quotas, priority classes, disruption budgets, namespaces and accounts."""

from __future__ import annotations

import re

from minikube8s.cli.changing import requirements
from minikube8s.cli.errors import CommandError
from minikube8s.cli.making.base import Object, made, selector


def namespace(name: str) -> Object:
    """A Namespace."""
    return made("Namespace", "v1", name, spec={}, status={})


def service_account(name: str) -> Object:
    """A ServiceAccount."""
    return made("ServiceAccount", "v1", name)


def quota(name: str, hard: str, scopes: str) -> Object:
    """A ResourceQuota of `cpu=1,pods=3` for the pods in these scopes."""
    limits = requirements.amounts(hard)
    listed = [scope for scope in scopes.split(",") if scope]
    if len(set(listed)) < len(listed):
        raise CommandError(f"duplicate scope in {scopes}")
    spec: Object = {"hard": limits} if limits else {}
    return made(
        "ResourceQuota", "v1", name, spec=spec | ({"scopes": listed} if listed else {}), status={}
    )


def priority_class(
    name: str, value: int, description: str, preemption: str, *, default: bool
) -> Object:
    """A PriorityClass."""
    parts: Object = {"value": value}
    if default:
        parts["globalDefault"] = True
    if description:
        parts["description"] = description
    parts["preemptionPolicy"] = preemption
    return made("PriorityClass", "scheduling.k8s.io/v1", name, **parts)


def disruption_budget(name: str, pods: str, least: str, most: str) -> Object:
    """A PodDisruptionBudget: how many of the pods have to stay, or may be away."""
    if not pods:
        raise CommandError("a selector must be specified: --selector=app=web")
    if least and most:
        raise CommandError("min-available and max-unavailable cannot be both specified")
    if not least and not most:
        raise CommandError("one of min-available or max-unavailable must be specified")
    field, text, flag = (
        ("minAvailable", least, "min-available")
        if least
        else ("maxUnavailable", most, "max-unavailable")
    )
    if not re.fullmatch(r"\d+%?", text):
        raise CommandError(f"invalid format specified for {flag}: {text}: a number, or as 50%")
    amount = text if text.endswith("%") else int(text)
    chosen = selector(pods)
    spec = (
        {"minAvailable": amount, "selector": chosen}
        if least
        else {
            "selector": chosen,
            field: amount,
        }
    )
    status = dict.fromkeys(
        ("disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods"), 0
    )
    return made("PodDisruptionBudget", "policy/v1", name, spec=spec, status=status)
