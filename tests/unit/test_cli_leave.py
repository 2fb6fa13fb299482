"""What `mk8s leave`, `install` and `uninstall` say; nothing is left and nothing is installed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from minikube8s.cli.draining import leaving as draining
from minikube8s.cli.main import mk8s
from minikube8s.cli.session import Session
from minikube8s.cli.verbs import leave as verb
from minikube8s.cluster import installing
from minikube8s.cluster.errors import ClusterError
from minikube8s.cluster.membership import leaving


def run(tmp_path: Path, *arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(mk8s, ["--home", str(tmp_path), *arguments], obj=Session())
    return done.exit_code, f"{done.output}{done.exception or ''}"


@pytest.mark.parametrize(
    ("words", "force", "seconds"),
    [(["leave"], False, 120.0), (["leave", "--force", "--timeout", "2m30s"], True, 150.0)],
)
def test_leave_moves_pods_by_its_deadline_and_says_how_to_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], force: bool, seconds: float
) -> None:
    asked: list[Any] = []

    def leave(
        home: Any, empty: Callable[[str], None], forget: Callable[[str], None], **how: Any
    ) -> bool:
        assert home.path == tmp_path
        asked.append(how.pop("force"))
        empty("n2")
        forget("n2")
        how["say"]("agent stopped")
        return True

    def empty(_: Any, node: str, limit: float, say: Callable[[str], None], way_out: str) -> None:
        asked.append((node, limit))
        say("pod/web evicted")
        assert "`kubectl uncordon n2`" in way_out and "`mk8s leave --force`" in way_out

    monkeypatch.setattr(leaving, "leave", leave)
    for name in ("Client", "Wire", "of_node"):
        monkeypatch.setattr(verb, name, lambda one: one)
    monkeypatch.setattr(draining, "empty", empty)
    monkeypatch.setattr(draining, "forget", lambda _, node: asked.append(f"forget {node}"))
    code, said = run(tmp_path, *words)
    assert (code, said) == (0, "  pod/web evicted\n  agent stopped\n")
    assert asked == [force, ("n2", seconds), "forget n2"]


@pytest.mark.parametrize(
    ("words", "module", "nothing"),
    [
        ("leave", leaving, "has joined no cluster"),
        ("install", installing, "systemd runs the daemons already"),
        ("uninstall", installing, "nothing to uninstall"),
    ],
)
def test_where_there_is_nothing_to_do_or_it_cannot_be_done_a_sentence_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: str, module: Any, nothing: str
) -> None:
    monkeypatch.setattr(module, words, lambda *_, **__: False)
    code, said = run(tmp_path, words)
    assert code == 0 and nothing in said
    monkeypatch.setattr(module, words, lambda *_, **__: True)
    assert run(tmp_path, words) == (0, "")

    def fail(*_: Any, **__: Any) -> bool:
        raise ClusterError("The master is away.")

    monkeypatch.setattr(module, words, fail)
    code, said = run(tmp_path, words)
    assert code == 1 and "The master is away." in said and "Traceback" not in said
