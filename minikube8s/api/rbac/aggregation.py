"""ClusterRoles made of others: the rules of all whose labels are selected. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from minikube8s.api.selectors import from_label_selector

Object = Mapping[str, Any]


def aggregated_rules(role: Object, others: Iterable[Object]) -> list[Any]:
    """Return the rules that an aggregating ClusterRole has to have, each once.

    `others` are all ClusterRoles; the order of the result depends on their names alone.
    """
    rules: list[Any] = []
    by_name = sorted(others, key=lambda other: str(other["metadata"]["name"]))
    for selector in (role.get("aggregationRule") or {}).get("clusterRoleSelectors") or ():
        selected = from_label_selector(selector)
        for other in by_name:
            if other["metadata"]["name"] == role["metadata"]["name"]:
                continue
            if selected.matches(other["metadata"].get("labels") or {}):
                rules += [rule for rule in other.get("rules") or () if rule not in rules]
    return rules
