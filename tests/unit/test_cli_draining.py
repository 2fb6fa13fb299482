"""Which of a node's pods `drain` evicts, leaves alone, or refuses to touch."""

from __future__ import annotations

from typing import Any

import pytest

from minikube8s.cli.draining.choice import Choice, Rules, choose


def pod(name: str, owner: str = "", **fields: Any) -> dict[str, Any]:
    metadata: dict[str, Any] = {"name": name, "namespace": "ns"} | fields.pop("metadata", {})
    if owner:
        metadata["ownerReferences"] = [{"kind": owner, "name": "o", "controller": True}]
    return {"metadata": metadata, "spec": {} | fields.pop("spec", {}), "status": fields}


LOCAL = {"spec": {"volumes": [{"name": "v", "emptyDir": {}}]}}
DAEMONS = frozenset({("ns", "o")})


def chosen(rules: Rules, *pods: dict[str, Any]) -> Choice:
    return choose(pods, rules, 1000.0)


@pytest.mark.parametrize(
    ("one", "rules"),
    [
        (pod("p", "ReplicaSet"), Rules()),
        (pod("p", "ReplicaSet", **LOCAL), Rules(delete_local_data=True)),
        (pod("p", phase="Succeeded"), Rules()),
        (pod("p", phase="Failed", **LOCAL), Rules()),
        (pod("p", "DaemonSet", phase="Failed"), Rules(daemon_sets=DAEMONS)),
        (pod("p"), Rules(force=True)),
        (pod("p", "DaemonSet"), Rules(force=True)),
    ],
)
def test_pods_that_go(one: dict[str, Any], rules: Rules) -> None:
    found = chosen(rules, one)
    assert found.evicted == [one] and not found.refusals


@pytest.mark.parametrize(
    ("one", "rules", "why"),
    [
        (pod("p"), Rules(), "Pods that declare no controller (use --force to override)"),
        (
            pod("p", "ReplicaSet", **LOCAL),
            Rules(force=True),
            "Pods with local storage (use --delete-emptydir-data to override)",
        ),
        (
            pod("p", "DaemonSet"),
            Rules(force=True, daemon_sets=DAEMONS),
            "DaemonSet-managed Pods (use --ignore-daemonsets to ignore)",
        ),
    ],
)
def test_pods_that_keep_the_node_from_being_drained(
    one: dict[str, Any], rules: Rules, why: str
) -> None:
    found = chosen(rules, one)
    assert (found.evicted, found.refusals) == ([], [f"cannot delete {why}: ns/p"])


def test_pods_that_are_left_alone() -> None:
    mirror = pod("m", metadata={"annotations": {"kubernetes.io/config.mirror": "x"}})
    gone = pod("g", metadata={"deletionTimestamp": "1970-01-01T00:01:00Z"})
    daemon = pod("d", "DaemonSet")
    rules = Rules(ignore_daemon_sets=True, daemon_sets=DAEMONS, skip_older_than=10)
    found = chosen(rules, mirror, gone, daemon)
    assert found == Choice([], ["ignoring DaemonSet-managed Pods: ns/d"], [])


def test_warnings_and_refusals_name_all_their_pods_in_order() -> None:
    found = chosen(Rules(force=True), pod("b"), pod("a"), pod("l", "Job", **LOCAL))
    assert found.warnings == ["deleting Pods that declare no controller: ns/a, ns/b"]
    assert len(found.refusals) == 1
