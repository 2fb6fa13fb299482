"""What exists is looked at again whenever it may have changed, also between a look and a watch."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from typing import Any

from minikube8s.cli.tutoring.course import Expectation
from minikube8s.cli.tutoring.seeing import Seeing
from tests.support.tutorialworlds import a_pod

ENOUGH_SECONDS = 10.0


class Server:
    """Has a pod until somebody watches, and tells watches nothing."""

    def __init__(self) -> None:
        self.pods = [a_pod("leaving")]
        self.looked = threading.Event()

    def json(self, method: str, path: str) -> dict[str, Any]:
        if not path.endswith("/pods"):
            return {"items": []}
        pods = list(self.pods)
        self.looked.set()
        return {"items": pods}

    @contextlib.contextmanager
    def stream(self, path: str, **_: Any) -> Iterator[Iterator[bytes]]:
        assert self.looked.wait(ENOUGH_SECONDS)
        self.pods = []
        yield iter(threading.Event().wait, True)


def test_what_goes_before_the_watch_begins_is_seen() -> None:
    server: Any = Server()
    seeing = Seeing(server, lambda: server, "school")
    _, lacking = seeing.settled([Expectation(pods=0)], ENOUGH_SECONDS, lambda *_: None)
    assert lacking == []
