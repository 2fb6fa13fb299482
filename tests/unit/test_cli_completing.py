"""What a shell is offered for a line that is being typed."""

from __future__ import annotations

from typing import Any

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minikube8s.cli.command import Verb
from minikube8s.cli.completing import lines, offers
from minikube8s.cli.completing.live import Live
from minikube8s.cli.main import VERBS, mk8s
from minikube8s.cli.session import Session
from tests.support.cannedapi import CannedApi

NAMES = {
    "pods": ["web-1", "web-2"],
    "deploy": ["site"],
    "deployments": ["site"],
    "namespaces": ["blue", "red"],
    "nodes": ["n1", "n2"],
}


class Known:
    """A cluster of a few things."""

    def kinds(self) -> list[str]:
        return ["pods", "deployments", "nodes"]

    def names(self, kind: str) -> list[str]:
        return NAMES.get(kind, [])

    def containers(self, pod: str) -> list[str]:
        return {"web-1": ["main", "side"]}.get(pod, [])

    def entries(self, section: str) -> list[str]:
        return [f"{section}-a", f"{section}-b"]


def offered(text: str) -> tuple[list[str], str]:
    assert isinstance(mk8s, click.Group)
    line = lines.read(mk8s, text.split(" "))
    verbs = [(name, summary) for rows in VERBS.values() for name, (_, summary) in rows.items()]
    found = offers.offer(line, Known(), verbs)
    return [word for word, _ in found.words], found.also


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("rollo", ["rollout"]),
        ("rollout un", ["undo"]),
        ("nothing ", []),
        ("get de", ["deployments"]),
        ("get pods,de", ["pods,deployments"]),
        ("get pods ", ["web-1", "web-2"]),
        ("get pods web-1 ", ["web-2"]),
        ("get pods/", ["pods/web-1", "pods/web-2"]),
        ("get deploy/site ", ["pods/", "deployments/", "nodes/"]),
        ("-n red get pods web-2", ["web-2"]),
        ("get -nred pods web-2", ["web-2"]),
        ("get --namespace red pods web-2", ["web-2"]),
        ("get --namespace=", ["--namespace=blue", "--namespace=red"]),
        ("get -n b", ["blue"]),
        ("--context ", ["contexts-a", "contexts-b"]),
        ("get pods -o cus", ["custom-columns=", "custom-columns-file="]),
        ("get --no-h", ["--no-headers"]),
        ("get pods --namesp", ["--namespace="]),
        ("get --namespace red pods --namesp", []),
        ("logs web-1 -c ", ["main", "side"]),
        ("logs deployments/", ["deployments/site"]),
        ("exec -it web", ["web-1", "web-2"]),
        ("drain n1 ", ["n2"]),
        ("rollout restart deployments ", ["site"]),
        ("scale ", ["deployments", "replicasets", "statefulsets", "replicationcontrollers"]),
        ("config use-context ", ["contexts-a", "contexts-b"]),
        ("config use-context contexts-a ", []),
        ("config delete-user ", ["users-a", "users-b"]),
        ("auth can-i del", ["delete", "deletecollection"]),
        ("auth can-i delete po", ["pods"]),
        ("completion ", ["bash", "zsh", "fish"]),
        ("apply --dry-run=s", ["--dry-run=server"]),
        ("explain no", ["nodes"]),
        ("top pod web-1 ", ["web-2"]),
        ("apply view-last-applied deploy/", ["deploy/site"]),
        ("wait --for=c", ["--for=condition=", "--for=create"]),
    ],
)
def test_what_fits_is_offered(text: str, wanted: list[str]) -> None:
    assert offered(text)[0] == wanted


@pytest.mark.parametrize(
    ("text", "also"),
    [
        ("apply -f ", offers.FILES),
        ("get --kubeconfig=", offers.FILES),
        ("exec web-1 -- ", offers.FILES),
        ("get deploy/site po", offers.NO_SPACE),
        ("get pods --namesp", offers.NO_SPACE),
        ("get pods ", ""),
    ],
)
def test_the_shell_is_told_what_to_do_besides(text: str, also: str) -> None:
    assert offered(text)[1] == also


def test_flags_that_were_typed_count_for_what_is_offered() -> None:
    words = ["--kubeconfig", "k", "--insecure-skip-tls-verify", "--debug=false", "get"]
    words += ["--namespace=red", "-it", "-ojson", "--context=c", "x", ""]
    assert isinstance(mk8s, click.Group)
    line = lines.read(mk8s, words)
    assert (line.path, line.words) == (("get",), ["x"])
    assert line.flags == {
        "kubeconfig": ["k"],
        "insecure-skip-tls-verify": ["true"],
        "namespace": ["red"],
        "output": ["json"],
        "context": ["c"],
    }


def test_a_line_that_tells_of_requests_is_completed_without(capsys: Any) -> None:
    metadata = {"name": "web", "namespace": "default"}
    api = CannedApi([{"apiVersion": "v1", "kind": "Pod", "metadata": metadata}])
    with api.serving() as server:
        session = Session({"kubeconfig": "/none", "server": server})
        line = lines.read(mk8s, ["get", "-v", "8", "pods", ""])
        assert Live(session, line).names("pods") == ["web"]
    assert capsys.readouterr().err == ""


@given(
    st.lists(st.sampled_from(["get", "-n", "-o", "--", "pods", "=", "", "-", "--x", "-it", "a/b"]))
)
def test_every_line_is_answered(words: list[str]) -> None:
    offered(" ".join([*words, ""]))


def test_every_verb_can_be_completed() -> None:
    context = click.Context(mk8s)
    for rows in VERBS.values():
        for name in rows:
            found: Any = mk8s.get_command(context, name)
            assert isinstance(found, Verb | click.Group), name
            offered(f"{name} ")
            assert "--namespace=" in offered(f"{name} --namespace")[0], name
