"""What somebody at a terminal hears while a cluster starts."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from minikube8s.cli.verbs import up
from minikube8s.cli.waiting import wait_for_nodes
from minikube8s.cluster.config import Home
from minikube8s.cluster.errors import ClusterError


class Watched:
    """Stands for a client whose watch of nodes tells these Nodes."""

    def __init__(self, *nodes: tuple[str, str, str]) -> None:
        self._lines = [
            json.dumps({"object": {"metadata": {"name": name}, "status": {"conditions": [ready]}}})
            for name, status, message in nodes
            for ready in [{"type": "Ready", "status": status, "message": message}]
        ]

    @contextlib.contextmanager
    def stream(self, path: str, **_: Any) -> Iterator[list[str]]:
        yield self._lines


class Drawn:
    """Stands for a terminal's progress."""

    def __init__(self) -> None:
        self.shown: list[str] = []
        self.said: list[str] = []

    def show(self, lines: Sequence[str]) -> None:
        self.shown.append(" / ".join(line.strip() for line in lines))

    def say(self, text: str) -> None:
        self.said.append(text)


READY = "agent is posting ready status"


def test_who_is_waited_for_is_told_with_the_reason_whenever_that_changes() -> None:
    told: list[dict[str, str]] = []
    client = Watched(("a", "False", "no network"), ("b", "True", READY), ("a", "True", READY))
    wait_for_nodes(client, ["a", "b"], 5, lambda missing: told.append(dict(missing)))
    unknown = "the node did not register"
    assert told == [
        {"a": unknown, "b": unknown},
        {"a": "no network", "b": unknown},
        {"a": "no network"},
    ]


def test_a_node_that_does_not_come_is_named_with_its_reason() -> None:
    with pytest.raises(ClusterError, match=r"The node a was not Ready within 5 s: no network\."):
        wait_for_nodes(Watched(("a", "False", "no network")), ["a"], 5)


def test_a_terminal_sees_steps_that_stay_and_below_them_what_is_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    drawn = Drawn()
    monkeypatch.setattr(
        up.Client,
        "of_home",
        lambda home: Watched(("a", "False", "no \x1b[2Jnetwork"), ("a", "True", READY)),
    )
    telling = up.Telling(drawn)
    telling.say("certificates made")
    telling.wait_ready(Home.from_environment("/nowhere"), ["a"], 5)
    assert drawn.said == ["  certificates made"]
    assert drawn.shown == [
        "checking the machine",
        "starting the daemons",
        "waiting for node a: the node did not register",
        "waiting for node a: no ^[[2Jnetwork",
    ]
