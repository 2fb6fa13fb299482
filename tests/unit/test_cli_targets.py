"""The command line names objects as kubectl does."""

from __future__ import annotations

from typing import Any, cast

import pytest

from minikube8s.api.resources import DEPLOYMENTS, NODES, PODS, REPLICASETS
from minikube8s.cli.connection.client import Client
from minikube8s.cli.errors import CommandError
from minikube8s.cli.naming import targets
from minikube8s.cli.naming.kinds import Kinds
from minikube8s.cli.naming.targets import Target


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (["po"], [Target(PODS)]),
        (["Pod", "a", "b"], [Target(PODS, "a"), Target(PODS, "b")]),
        (["deploy/web", "rs/x"], [Target(DEPLOYMENTS, "web"), Target(REPLICASETS, "x")]),
        (["po,rs"], [Target(PODS), Target(REPLICASETS)]),
        (["deployments.apps", "web"], [Target(DEPLOYMENTS, "web")]),
        (["deployments.v1.apps"], [Target(DEPLOYMENTS)]),
    ],
)
def test_words_name_targets(words: list[str], wanted: list[Target]) -> None:
    assert targets.parse(Kinds(), words) == wanted


def test_all_names_the_kinds_of_that_category() -> None:
    kinds = [target.resource for target in targets.parse(Kinds(), ["all"])]
    assert PODS in kinds and DEPLOYMENTS in kinds and NODES not in kinds


class Foreign:
    """A server with a kind of its own, which belongs to categories."""

    def json(self, method: str, path: str, *, accept: str) -> dict[str, Any]:
        def group(name: str, kind: str, categories: list[str]) -> dict[str, Any]:
            resource = {
                "resource": f"{kind.lower()}s", "responseKind": {"kind": kind},
                "scope": "Namespaced", "verbs": ["list"], "categories": categories,
            }  # fmt: skip
            return {
                "metadata": {"name": name},
                "versions": [{"version": "v1", "resources": [resource]}],
            }

        if path == "/api":
            return {"items": [group("", "Pod", ["all"])]}
        return {"items": [group("example.com", "Widget", ["all", "things"])]}


def test_categories_are_what_the_server_says() -> None:
    def named(word: str) -> list[str]:
        kinds = Kinds(lambda: cast(Client, Foreign()))
        return [target.resource.plural for target in targets.parse(kinds, [word])]

    assert named("all") == ["pods", "widgets"]
    assert named("things") == ["widgets"]
    assert named("things,po") == ["widgets", "pods"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "type of resource"),
        (["pdos"], "did you mean 'pods'"),
        (["pods", "rs/x"], "resource/name form"),
        (["pods/"], "one slash"),
        (["pods/a/b"], "one slash"),
    ],
)
def test_what_names_nothing_is_refused_in_words(words: list[str], message: str) -> None:
    with pytest.raises(CommandError, match=message):
        targets.parse(Kinds(), words)


def test_paths_follow_group_and_scope() -> None:
    assert targets.path(PODS, "default", "a b") == "/api/v1/namespaces/default/pods/a%20b"
    assert targets.path(DEPLOYMENTS, None) == "/apis/apps/v1/deployments"
    assert targets.path(NODES, "default", "n") == "/api/v1/nodes/n"


@pytest.mark.parametrize("text", [".", "..", "a/b", "../..", "a%2e"])
def test_what_is_no_part_of_a_path_is_refused(text: str) -> None:
    with pytest.raises(CommandError, match=r'invalid resource name ".*": \[may not'):
        targets.path(PODS, "default", text)
    with pytest.raises(CommandError, match=r'invalid namespace ".*": \[may not'):
        targets.path(PODS, text)
