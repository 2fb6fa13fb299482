"""What `mk8s reset` asks and says."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from minikube8s.cli.main import mk8s
from minikube8s.cli.session import Session
from minikube8s.cluster import resetting
from minikube8s.cluster.checkup import preflight
from minikube8s.cluster.config import Home
from minikube8s.cluster.resetting import Leftovers
from tests.support.joinedhome import remembered


def run(home: Home, *arguments: str) -> str:
    words = ["--home", str(home.path), "reset", *arguments]
    done = CliRunner().invoke(mk8s, words, obj=Session())
    return f"{done.output}{done.exception or ''}"


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A home that joined the cluster c; nothing is removed."""
    home = Home(tmp_path / "mine")
    known = remembered()
    home.path.mkdir()
    home.joined.write_bytes(msgspec.json.encode(known))
    monkeypatch.setattr(preflight, "require_root", lambda _: None)
    monkeypatch.setattr(resetting, "reset", lambda *_: [])
    return home


@pytest.mark.parametrize("goes", [True, False])
def test_only_of_a_node_that_goes_it_is_said_what_stays_at_its_master(
    mine: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, goes: bool
) -> None:
    homes = (mine if goes else Home(tmp_path / "other"),)
    monkeypatch.setattr(resetting, "find", lambda *_: Leftovers((), homes, (), ()))
    name = "c" if goes else "other"
    said = run(mine, "--yes", "--name", name)
    assert ("the Node w1 stays at the master at 10.0.0.5:6443" in said) == goes
    assert f"Nothing of the cluster {name} is on this machine any more." in said


def test_where_nobody_could_look_it_is_not_said_that_nothing_is_there(
    mine: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    blind = Leftovers((), (), (), (), ("No engine answers.",))
    monkeypatch.setattr(resetting, "find", lambda *_: blind)
    assert "No engine answers." in (said := run(mine, "--yes"))
    assert "Nothing of" not in said
    monkeypatch.setattr(resetting, "find", lambda *_: Leftovers((), (), (), ()))
    assert "Nothing of mk8s is on this machine." in run(mine, "--yes")


def test_who_is_not_asked_hears_what_would_go(mine: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resetting, "find", lambda *_: Leftovers((), (mine,), (), ()))
    assert "removes every cluster of mk8s on this machine" in run(mine)
    assert "removes the cluster c, with its objects" in run(mine, "--name", "c")
