"""What `up` makes of commands that ran meanwhile, were interrupted, or do not fit the cluster."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from minikube8s.cluster import homelock, lab, lifecycle
from minikube8s.cluster.config import Home, Settings
from minikube8s.cluster.errors import ClusterError
from minikube8s.cluster.supervising.daemons import Daemon
from minikube8s.kit.pidfile import Holder

ONE = Settings(node_name="node1")
RUNS = Holder(2**30, 0.0)
"""A process that cannot be there."""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A home with a cluster of one node, on a machine where nothing is really done."""
    for owner, names in (
        (lifecycle.preflight, ("require_root", "check")),
        (lifecycle.preparing.kubeconfig, ("write",)),
        (lifecycle.preparing, ("_ensure_certificates",)),
        (lifecycle.labnet, ("LabCall",)),
        (lifecycle, ("start",)),
    ):
        for name in names:
            monkeypatch.setattr(owner, name, Nothing)
    monkeypatch.setattr(lifecycle.preparing.kubeconfig, "build", lambda *_: b"")
    monkeypatch.setattr(lifecycle.labnet, "cut_nodes", lambda _: [])
    monkeypatch.setattr(lifecycle, "stop", lambda *_: False)
    monkeypatch.setattr(Daemon, "holder", lambda _: None)
    made = Home(tmp_path)
    made.save(ONE)
    return made


class Nothing:
    """Takes every call, and does nothing."""

    def __init__(self, *_: Any, **__: Any) -> None: ...

    def wait(self) -> None: ...


def add(home: Home, name: str = "", present: tuple[str, ...] = ()) -> None:
    """Do what `mk8s node add` does, in a cluster whose API knows these nodes."""
    lifecycle.up(
        home,
        lambda: lab.with_node(home.load(), name),
        lambda *_: None,
        lambda _: list(present),
        lambda _: None,
    )


def names(home: Home) -> list[str]:
    return [node.name for node in home.load().lab_nodes]


def test_of_nodes_that_are_added_at_once_none_is_lost(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = homelock.exclusive

    @contextmanager
    def after_another(place: Home) -> Iterator[None]:
        home.save(lab.with_node(home.load(), "others"))
        with alone(place):
            yield

    monkeypatch.setattr(homelock, "exclusive", after_another)
    add(home, "mine")
    assert names(home) == ["others", "mine"]
    assert len({node.address for node in home.load().lab_nodes}) == 2


def test_no_cluster_is_made_where_this_machine_has_joined_another(home: Home) -> None:
    """As when both commands were given at once."""
    home.settings.unlink()
    home.joined.write_text("{}")
    with pytest.raises(ClusterError, match="has joined a cluster"):
        lifecycle.up(home, lambda: ONE, lambda *_: None, lambda _: [], lambda _: None)
    assert not home.exists()


def test_a_lab_is_not_begun_beside_nodes_on_other_machines(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Daemon, "holder", lambda _: RUNS)
    with pytest.raises(ClusterError, match=r"nodes on other machines \(far\).*delete node far`"):
        add(home, present=("node1", "far"))
    assert home.load() == ONE


def test_who_is_interrupted_while_a_lab_begins_begins_it_anew(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a master that has not heard of the lab would be taken for one that has."""
    monkeypatch.setattr(Daemon, "holder", lambda _: RUNS)
    stopped: list[str] = []

    def killed(*_: Any) -> bool:
        raise SystemExit

    monkeypatch.setattr(lifecycle, "stop", killed)
    with pytest.raises(SystemExit):
        add(home, present=("node1",))
    assert not home.load().lab
    monkeypatch.setattr(lifecycle, "stop", lambda daemon, _: stopped.append(daemon.name))
    add(home, present=("node1",))
    assert stopped[:2] == ["master", "agent"]
    assert home.load() == msgspec.structs.replace(
        ONE, lab=True, lab_nodes=lab.with_node(ONE).lab_nodes
    )
