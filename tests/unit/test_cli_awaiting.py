"""Waiting by list and watch: what is cut off goes on, without hurry; what is refused is told."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from minikube8s.api.resources import PODS
from minikube8s.cli.awaiting import watching
from minikube8s.cli.connection.client import ApiFailure, Unreachable

Object = dict[str, Any]


class Server:
    """Lists nothing, and answers watches in turn; one that is an exception is refused with it."""

    def __init__(self, *watches: list[Object] | Exception) -> None:
        self.watches = list(watches)
        self.lists = 0

    def json(self, *_: object, **__: object) -> Object:
        self.lists += 1
        return {"metadata": {"resourceVersion": "5"}, "items": []}

    @contextmanager
    def stream(self, *_: object, **__: object) -> Iterator[Iterator[bytes]]:
        told = self.watches.pop(0) if self.watches else []
        if isinstance(told, Exception):
            raise told
        yield (json.dumps(line).encode() for line in told)


def added(name: str) -> Object:
    return {"type": "ADDED", "object": {"metadata": {"name": name}}}


def refusal(code: int) -> ApiFailure:
    return ApiFailure({"code": code, "reason": "Any", "message": "no"})


def until(server: Server, name: str, seconds: float) -> bool:
    def met(found: list[Object]) -> bool:
        return any(pod["metadata"]["name"] == name for pod in found)

    deadline = time.monotonic() + seconds
    return watching.until(server, PODS, "default", {}, deadline, met)  # type: ignore[arg-type]


def test_a_watch_that_is_refused_is_told_at_once() -> None:
    server = Server(refusal(403))
    with pytest.raises(ApiFailure):
        until(server, "a", 60)
    assert server.lists == 1


@pytest.mark.parametrize("passing", [refusal(410), refusal(429), refusal(503), Unreachable("cut")])
def test_what_passes_is_tried_again(passing: Exception) -> None:
    assert until(Server(passing, [added("a")]), "a", 60)


def test_a_server_whose_watches_end_at_once_is_not_asked_without_pause(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = [100.0]
    monkeypatch.setattr(watching.time, "monotonic", lambda: now[0])

    def sleep(seconds: float) -> None:
        now[0] += seconds

    monkeypatch.setattr(watching.time, "sleep", sleep)
    server = Server()
    assert not until(server, "a", 30)
    assert now[0] >= 130 and server.lists < 25
