"""Aggregating ClusterRoles follow those that they select."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from minikube8s.controllers.clusterroles import ClusterRoleAggregationController, Snapshot

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def role(name: str, *verbs: str, **labels: str) -> dict[str, Any]:
    metadata = {"name": name, "uid": name, "resourceVersion": "1", "labels": labels}
    rules = [{"verbs": [verb], "apiGroups": [""], "resources": ["pods"]} for verb in verbs]
    return {"metadata": metadata, "rules": rules}


def aggregate(name: str, *verbs: str) -> dict[str, Any]:
    selectors = [{"matchLabels": {"into": name}}]
    return role(name, *verbs) | {"aggregationRule": {"clusterRoleSelectors": selectors}}


def test_the_rules_of_the_selected_are_written() -> None:
    total = aggregate("sum", "delete")
    snapshot = Snapshot(total, (total, role("a", "get", into="sum"), role("b", "list")))
    (patch,) = ClusterRoleAggregationController().plan(snapshot, NOW).patches
    assert [rule["verbs"] for rule in patch.patch["rules"]] == [["get"]]


def test_rules_that_are_right_are_not_written_again() -> None:
    total = aggregate("sum", "get")
    snapshot = Snapshot(total, (total, role("a", "get", into="sum")))
    assert not ClusterRoleAggregationController().plan(snapshot, NOW).acts


def test_nothing_selected_means_no_rules() -> None:
    total = aggregate("sum", "get")
    (patch,) = ClusterRoleAggregationController().plan(Snapshot(total, (total,)), NOW).patches
    assert patch.patch == {"rules": []}
