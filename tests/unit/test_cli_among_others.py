"""Changing objects while others change them, too, and where the server refuses or is away."""

from __future__ import annotations

import copy
import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import click
import pytest

from minikube8s.api.resources import CONFIGMAPS
from minikube8s.cli import rawrequests
from minikube8s.cli.applying.clientside import ClientSide
from minikube8s.cli.changing.recording import CHANGE_CAUSE
from minikube8s.cli.connection.client import ApiFailure, Unreachable
from minikube8s.cli.deleting import gone
from minikube8s.cli.deleting.options import Deletion
from minikube8s.cli.editing import rounds
from minikube8s.cli.errors import CommandError
from minikube8s.cli.failures import raise_all
from minikube8s.cli.making.overriding import overridden
from minikube8s.cli.naming.items import Item
from minikube8s.cli.rollouts import history
from minikube8s.cli.session import Session
from tests.support.wait import until

Object = dict[str, Any]
HERE = "/api/v1/namespaces/default"
WEB = "/apis/apps/v1/namespaces/default/deployments/web"
SIGNING = "/apis/certificates.k8s.io/v1/certificatesigningrequests/jo"
AWAY = Unreachable("nobody answers")


def refusal(reason: str, code: int) -> ApiFailure:
    return ApiFailure({"reason": reason, "code": code, "message": f"it is {reason}"})


CONFLICT = refusal("Conflict", 409)
FORBIDDEN = refusal("Forbidden", 403)
NOT_FOUND = refusal("NotFound", 404)


class Played:
    """A server that gives the ``answers`` one after the other; watches are refused."""

    def __init__(self, *answers: Object | CommandError) -> None:
        self._answers = list(answers)
        self.asked: list[tuple[str, str, Any]] = []
        self.warned = 0

    def json(self, method: str, path: str, body: Any = None, **_: Any) -> Object:
        self.asked.append((method, path, copy.deepcopy(body)))
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, CommandError):
            raise answer
        return answer

    @contextmanager
    def stream(self, *_: Any, **__: Any) -> Iterator[Any]:
        raise FORBIDDEN
        yield

    def another(self) -> Played:
        return self

    def run(self, verb: str, *line: str) -> None:
        """Do what the line says. Raises CommandError."""
        session = Session({"namespace": "default"})
        session._client = self  # type: ignore[assignment]
        command: click.Command = import_module(f"minikube8s.cli.verbs.{verb}").command
        command.main([*line], prog_name=verb, obj=session, standalone_mode=False)


def deployment(version: str) -> Object:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "default", "resourceVersion": version},
        "spec": {"replicas": 1},
    }


def scale_of(version: str, replicas: int) -> Object:
    return {"metadata": {"name": "web", "resourceVersion": version}, "spec": {"replicas": replicas}}


def test_a_scale_under_a_condition_is_tried_again_where_others_changed_the_object() -> None:
    server = Played(deployment("1"), scale_of("1", 7), CONFLICT, scale_of("2", 7), scale_of("3", 3))
    server.run("scale", "deploy/web", "--replicas=3", "--current-replicas=7")
    patches = [body for method, path, body in server.asked if method == "PATCH"]
    assert [patch["metadata"]["resourceVersion"] for patch in patches] == ["1", "2"]
    assert {path for method, path, _ in server.asked[1:]} == {f"{WEB}/scale"}


def test_a_condition_that_holds_no_more_ends_a_scale() -> None:
    server = Played(deployment("1"), scale_of("1", 7), CONFLICT, scale_of("2", 9))
    with pytest.raises(CommandError, match="Expected replicas to be 7, was 9"):
        server.run("scale", "deploy/web", "--replicas=3", "--current-replicas=7")


def request(version: str, *conditions: str) -> Object:
    return {
        "metadata": {"name": "jo", "resourceVersion": version},
        "status": {"conditions": [{"type": word, "status": "True"} for word in conditions]},
    }


def test_a_decision_is_made_of_the_request_as_it_is_where_others_changed_it() -> None:
    server = Played(request("1"), CONFLICT, request("2"), request("3", "Approved"))
    server.run("certificate", "approve", "jo")
    method, path, body = server.asked[-1]
    assert (method, path, body["metadata"]["resourceVersion"]) == (
        "PUT",
        f"{SIGNING}/approval",
        "2",
    )


def test_what_is_denied_is_not_approved_as_well() -> None:
    server = Played(request("1"), CONFLICT, request("2", "Denied"))
    with pytest.raises(CommandError, match='"jo" is already Denied'):
        server.run("certificate", "approve", "jo")


def test_a_found_object_that_is_gone_before_it_can_be_deleted_is_no_error() -> None:
    found = {"items": [{"metadata": {"name": "a", "namespace": "default"}}]}
    Played(found, NOT_FOUND).run("delete", "pods", "-l", "app=web", "--wait=false")
    with pytest.raises(ApiFailure, match="NotFound"):
        Played(NOT_FOUND).run("delete", "pods", "a", "--wait=false")


@pytest.mark.parametrize(
    "line",
    [
        ("scale", "deploy", "a", "b", "--replicas=1"),
        ("set", "image", "deploy", "a", "b", "x=y"),
        ("wait", "cm", "a", "b", "--for=delete"),
        ("cordon", "a", "b"),
        ("delete", "cm", "a", "b"),
    ],
)
def test_a_server_that_is_away_is_asked_and_told_once(line: tuple[str, ...]) -> None:
    server = Played(AWAY)
    with pytest.raises(Unreachable):
        server.run(*line)
    assert len(server.asked) == 1


def test_a_node_that_cannot_be_closed_keeps_no_other_open(
    capsys: pytest.CaptureFixture[str],
) -> None:
    nodes = [{"metadata": {"name": name}, "spec": {}} for name in ("a", "b")]
    server = Played(*nodes, FORBIDDEN, nodes[1])
    with pytest.raises(ApiFailure, match="Forbidden"):
        server.run("cordon", "a", "b")
    assert capsys.readouterr().out == "node/b cordoned\n"


@pytest.mark.parametrize("verb", ["cordon", "uncordon", "drain"])
def test_a_node_without_a_name_is_refused(verb: str) -> None:
    server = Played(NOT_FOUND)
    with pytest.raises(CommandError, match="name may not be empty"):
        server.run(verb, "")
    assert server.asked == []


def test_who_may_not_watch_asks_now_and_then_whether_an_object_is_gone() -> None:
    server = Played({"metadata": {"uid": "1", "resourceVersion": "1"}})
    leaving = gone.Leaving(CONFIGMAPS, "default", "a", "1")
    with pytest.raises(CommandError, match="timed out"):
        gone.wait(server, leaving, time.monotonic() + 0.05)  # type: ignore[arg-type]
    assert len(server.asked) == 2


def test_what_was_deleted_to_be_made_anew_is_put_back_whatever_the_server_refuses() -> None:
    metadata = {"name": "a", "namespace": "default"}
    plain = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}
    live = {
        **plain,
        "metadata": {**metadata, "uid": "1", "resourceVersion": "1"},
        "data": {"k": "v"},
    }
    server = Played(live, refusal("Invalid", 422), {}, NOT_FOUND, FORBIDDEN, live)
    force = Deletion({}, wait=True)
    item = Item("web.yaml", CONFIGMAPS, "default", {**plain, "data": {"k": "w"}})
    with pytest.raises(ApiFailure, match="Forbidden"):
        ClientSide({}, force=force)(server, item)  # type: ignore[arg-type]
    method, path, body = server.asked[-1]
    assert (method, path, body["data"]) == ("POST", f"{HERE}/configmaps", {"k": "v"})
    server = Played(
        live, refusal("Invalid", 422), {}, NOT_FOUND, FORBIDDEN, refusal("Timeout", 504)
    )
    with pytest.raises(CommandError, match=r"Forbidden.* cannot be put back: .*Timeout"):
        ClientSide({}, force=force)(server, item)  # type: ignore[arg-type]


def test_an_edit_whose_saving_is_interrupted_stays_in_a_file_that_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setenv("KUBE_EDITOR", "sed -i s/v/w/")

    def save(_: list[Object], __: Path) -> list[Any]:
        raise KeyboardInterrupt

    obj = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"k": "v"}}
    with pytest.raises(KeyboardInterrupt):
        rounds.run([obj], "yaml", save)
    (left,) = tmp_path.iterdir()
    assert str(left) in capsys.readouterr().err


@pytest.mark.parametrize("patch", ['{"metadata":null}', '{"metadata":{"name":null}}'])
def test_a_patch_that_takes_the_name_away_is_told_so(patch: str) -> None:
    server = Played(deployment("1"))
    with pytest.raises(CommandError, match=r'takes its name away from deployments\.apps "web"'):
        server.run("patch", "deploy/web", "--type=merge", "--dry-run=client", "-p", patch)


@pytest.mark.parametrize("text", ['{"metadata":null}', '{"kind":null}', '{"apiVersion":""}'])
def test_overrides_leave_an_object_what_it_is_known_by(text: str) -> None:
    with pytest.raises(CommandError, match="apiVersion, kind and name"):
        overridden(deployment("1"), text, "merge", "")


def test_what_was_applied_is_printed_also_where_pruning_fails(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "a.yaml"
    file.write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n")
    made = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "uid": "1"}}
    server = Played(NOT_FOUND, made, FORBIDDEN)
    with pytest.raises(ApiFailure, match="Forbidden"):
        server.run("apply", "-f", str(file), "--prune", "--all", "-o", "yaml")
    assert "name: a" in capsys.readouterr().out


def test_a_file_for_an_editor_holds_every_character_whatever_the_locale(tmp_path: Path) -> None:
    text = "한국"
    code = f"from minikube8s.cli.editing import editor; print(editor.written({text!a}, 'yaml'))"
    environment = {"PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "LC_ALL": "POSIX"}
    told = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | environment | {"TMPDIR": str(tmp_path)},
    )
    assert Path(told.stdout.strip()).read_text(encoding="utf-8") == text


def test_what_others_wrote_steers_no_terminal_that_is_told_of_failures_or_versions(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(CommandError) as last:
        raise_all([CommandError("a \x1b[31m"), CommandError("b \x1b[31m")])
    kept = {"metadata": {"annotations": {CHANGE_CAUSE: "\x1b]0;mine\x07"}}}
    told = history.table([history.Revision(1, kept, {})])
    assert "\x1b" not in f"{last.value}{capsys.readouterr().err}{told}"


class Terminal(io.TextIOWrapper):
    """Where somebody reads."""

    def isatty(self) -> bool:
        return True


RAW = b"\x1b]0;mine\x07 \xff"


@pytest.mark.parametrize(
    ("kind", "shown"),
    [(Terminal, "^[]0;mine\\x07 \ufffd".encode()), (io.TextIOWrapper, RAW)],
)
def test_an_answer_that_is_printed_as_it_is_steers_no_terminal(
    kind: Callable[[io.BytesIO], Any], shown: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Server:
        def raw(self, *_: Any) -> bytes:
            return RAW

    screen = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", kind(screen))
    rawrequests.send(Server(), "GET", "/logs")  # type: ignore[arg-type]
    assert screen.getvalue() == shown


def test_what_was_written_for_a_comparison_is_gone_however_that_ends(tmp_path: Path) -> None:
    started = tmp_path / "started"
    folder = tmp_path / "folder"
    folder.mkdir()
    code = "from minikube8s.cli.diffing import program; program.compare({'a': ('x', 'y')})"
    line = f"sh -c 'touch {started}; exec sleep 60'"
    environment = {"TMPDIR": str(folder), "KUBECTL_EXTERNAL_DIFF": line}
    process = subprocess.Popen([sys.executable, "-c", code], env=os.environ | environment)
    until("the comparison runs", started.exists)
    assert list(folder.iterdir())
    process.terminate()
    assert process.wait(timeout=30) == 128 + signal.SIGTERM
    assert not list(folder.iterdir())


def test_what_server_side_applies_made_is_not_pruned() -> None:
    server = Played(FORBIDDEN)
    with pytest.raises(CommandError, match="server-side apply"):
        server.run("apply", "-f", "a.yaml", "--prune", "--all", "--server-side")
    assert server.asked == []
