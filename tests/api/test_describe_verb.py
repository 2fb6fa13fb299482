"""Which objects `mk8s describe` takes its words for, against a server of canned objects."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from minikube8s.cli import manifests
from minikube8s.cli.errors import CommandError
from minikube8s.cli.session import Session
from minikube8s.cli.verbs.describe import command
from tests.support.cannedapi import CannedApi

OBJECTS = manifests.read([str(Path(__file__).parent / "describing")], recursive=False)


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with CannedApi(OBJECTS).serving() as address:
        yield address


def described(server: str, *words: str) -> Result:
    # no kubeconfig of whoever runs the tests
    environment = {"KUBECONFIG": "/dev/null", "MK8S_HOME": "/nonexistent"}
    line = [*words, "--server", server]
    return CliRunner(env=environment).invoke(command, line, obj=Session())


def names(result: Result) -> list[str]:
    assert result.exception is None, result.exception
    lines = result.stdout.splitlines()
    return [line.split()[1] for line in lines if line.startswith("Name:")]


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (("pod", "plain", "-n", "shop"), ["plain"]),
        (("pod/plain", "svc/web", "-n", "shop"), ["plain", "web"]),
        (("pod", "w", "-n", "shop"), ["web-0"]),
        (("po,svc", "p", "-n", "shop"), ["plain", "plain"]),
        (("rs", "web-", "-n", "shop"), ["web-old"]),
        (("pods", "-A", "-l", "tier=front"), ["web-0"]),
        (("nodes",), ["node1", "node2"]),
        (("widgets.example.com", "-n", "shop"), ["w"]),
        (("pods", "-n", "none"), []),
    ],
    ids=" ".join,
)
def test_words_name_objects_as_for_kubectl(
    server: str, words: tuple[str, ...], wanted: list[str]
) -> None:
    assert names(described(server, *words)) == wanted


def test_what_is_there_is_told_before_what_is_not(server: str) -> None:
    result = described(server, "pod", "gone", "plain", "lost", "-n", "shop")
    assert "Name:                      plain" in result.stdout
    assert "gone" in result.stderr
    assert isinstance(result.exception, CommandError)
    assert "lost" in str(result.exception)


def test_an_object_of_a_file_that_has_no_name_is_told_of(server: str, tmp_path: Path) -> None:
    file = tmp_path / "made.json"
    file.write_text('{"apiVersion": "v1", "kind": "Pod", "metadata": {"generateName": "web-"}}')
    result = described(server, "-f", str(file))
    assert isinstance(result.exception, CommandError)
    assert "a Pod in the files has no name" in str(result.exception)


def test_events_are_left_out_where_they_are_not_wanted(server: str) -> None:
    result = described(server, "deploy", "web", "-n", "shop", "--show-events=false")
    assert "Events:" not in result.stdout
    assert "Events:" in described(server, "deploy", "web", "-n", "shop").stdout
