"""Ownership is drawn as a tree, whatever the objects say of each other."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from minikube8s.api.resources import DEPLOYMENTS, JOBS, PODS, REPLICASETS, Resource
from minikube8s.cli.trees import Leaf, Tree, leaves


def leaf(resource: Resource, name: str, *owners: str, **states: str) -> Leaf:
    references = [{"uid": owner, "controller": number == 0} for number, owner in enumerate(owners)]
    return Leaf(resource, {"name": name, "uid": name, "ownerReferences": references}, states)


TREE = Tree(
    [
        leaf(PODS, "p1", "rs1"),
        leaf(PODS, "p2", "rs1"),
        leaf(REPLICASETS, "rs1", "web"),
        leaf(REPLICASETS, "rs2", "web"),
        leaf(DEPLOYMENTS, "web"),
        leaf(PODS, "alone"),
    ]
)


def test_what_is_owned_stands_below_its_owner() -> None:
    assert [name for _, name in TREE.rows(["web"])] == [
        "deployment.apps/web",
        "├─replicaset.apps/rs1",
        "│ ├─pod/p1",
        "│ └─pod/p2",
        "└─replicaset.apps/rs2",
    ]
    plain = [name for _, name in TREE.rows(["web"], pretty=False)]
    assert plain[2:4] == ["| |-pod/p1", "| `-pod/p2"]


def test_a_tree_begins_with_who_stands_above_all_owners() -> None:
    assert TREE.root("p1") == "web"
    assert TREE.root("alone") == "alone"
    assert TREE.roots() == ["web", "alone"]


def test_an_owner_that_is_not_there_owns_nothing() -> None:
    orphan = Tree([leaf(PODS, "p", "gone")])
    assert orphan.roots() == ["p"]


@given(st.dictionaries(st.sampled_from("abcdef"), st.lists(st.sampled_from("abcdef"), max_size=2)))
def test_a_tree_ends_and_draws_each_object_once(owners: dict[str, list[str]]) -> None:
    tree = Tree([leaf(PODS, name, *of) for name, of in owners.items()])
    for name in owners:
        drawn = [shown.uid for shown, _ in tree.rows([tree.root(name)])]
        assert len(drawn) == len(set(drawn))
        assert drawn


def test_how_an_object_is_comes_from_its_servers_table() -> None:
    def state(resource: Resource, **states: Any) -> tuple[str, str]:
        table = {
            "columnDefinitions": [{"name": name} for name in ("Name", *states)],
            "rows": [{"cells": ["x", *states.values()], "object": {"metadata": {"name": "x"}}}],
        }
        [found] = leaves(resource, table)
        return found.ready, found.status

    assert state(PODS, Ready="1/2", Status="Running") == ("1/2", "Running")
    assert state(REPLICASETS, Desired=3, Current=3, Ready=1) == ("1/3", "")
    assert state(JOBS, Status="Complete", Completions="1/1") == ("1/1", "Complete")
    ending = {"name": "x", "deletionTimestamp": "2026-01-01T00:00:00Z"}
    assert Leaf(PODS, ending, {"Status": "Running"}).status == "Terminating"
