"""A watch survives its server's end and restart, and tells each state once."""

from __future__ import annotations

import json
import queue
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from minikube8s.api.resources import PODS
from minikube8s.cli.connection.client import ApiFailure
from minikube8s.cli.errors import CommandError
from minikube8s.cli.getting import watching
from minikube8s.cli.getting.asked import Asked, Wanted
from minikube8s.cli.getting.following import tabled
from minikube8s.cli.getting.live import FRESH_SECONDS, Board, told_of_resizes
from minikube8s.cli.getting.showing import table_of
from minikube8s.cli.getting.watching import Event, Watch
from minikube8s.cli.output.servertables import TablePrinter

Object = dict[str, Any]
COLUMNS = [{"name": "Name", "priority": 0}, {"name": "Age", "priority": 0}]
EXPIRED = {"type": "ERROR", "object": {"reason": "Expired", "message": "too old"}}
DATE = datetime(2026, 1, 1, 0, 1, tzinfo=UTC)


def row(name: str, version: int) -> Object:
    metadata = {
        "name": name, "uid": name, "resourceVersion": str(version),
        "creationTimestamp": "2026-01-01T00:00:00Z",
    }  # fmt: skip
    return {"cells": [name, "?"], "object": {"metadata": metadata}}


def table(version: int, *rows: Object) -> Object:
    metadata = {"resourceVersion": str(version)}
    return {"kind": "Table", "columnDefinitions": COLUMNS, "metadata": metadata, "rows": list(rows)}


def event(type: str, told: Object) -> Object:
    return {"type": type, "object": {"kind": "Table", "rows": [told]}}


class Server:
    """Answers lists and watches in turn; a watch that is an exception is refused with it."""

    def __init__(self, lists: list[Object], watches: list[list[Object] | Exception]) -> None:
        self.lists = lists
        self.watches = watches
        self.asked: list[str] = []

    def json(self, *_: object, **__: object) -> Object:
        return self.lists.pop(0)

    @contextmanager
    def stream(self, path: str, *, accept: str, query: Object) -> Iterator[Iterator[bytes]]:
        self.asked.append(query["resourceVersion"])
        if not self.watches:
            raise KeyboardInterrupt
        told = self.watches.pop(0)
        if isinstance(told, Exception):
            raise told
        yield (json.dumps(line).encode() for line in told)


def told(server: Server) -> list[tuple[str, str]]:
    """The types and names of all events until the script is at its end."""
    watch = Watch(server, "/x", "", {})  # type: ignore[arg-type]
    watch.list()
    found = []
    with pytest.raises(KeyboardInterrupt):
        for one in watch.events():
            rows = one.content["rows"] if one.type not in {"AWAY", "BACK"} else []
            found.append((one.type, " ".join(shown["cells"][0] for shown in rows)))
    return found


@pytest.fixture(autouse=True)
def _no_time_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching.time, "sleep", lambda _: None)


def test_a_watch_that_ends_goes_on_from_the_last_revision() -> None:
    server = Server([table(5)], [[event("ADDED", row("a", 6))], [event("DELETED", row("a", 7))]])
    assert told(server) == [("ADDED", "a"), ("BACK", ""), ("DELETED", "a"), ("BACK", "")][:3]
    assert server.asked == ["5", "6", "7"]


def test_what_was_missed_is_told_once_after_a_new_list() -> None:
    before = [row(name, version) for name, version in (("same", 1), ("other", 2), ("gone", 3))]
    after = [row("same", 1), row("other", 8), row("new", 9)]
    server = Server([table(5, *before), table(10, *after)], [[EXPIRED]])
    assert told(server) == [("MODIFIED", "other"), ("ADDED", "new"), ("DELETED", "gone")]
    assert server.asked == ["5", "10"]


def test_a_server_with_older_data_is_listed_anew() -> None:
    older = ApiFailure(
        {"reason": "Timeout", "message": "Too large resource version: 9, current: 3"}
    )
    server = Server([table(9), table(3, row("a", 2))], [older])
    assert told(server) == [("ADDED", "a")]
    assert server.asked == ["9", "3"]


def test_a_watch_of_some_seconds_ends_with_the_servers_answer() -> None:
    server = Server([table(5)], [[event("ADDED", row("a", 6))]])
    watch = Watch(server, "/x", "", {}, 1.5)  # type: ignore[arg-type]
    watch.list()
    assert [one.type for one in watch.events()] == ["ADDED"]


def test_a_server_that_is_away_is_asked_again_and_told_of() -> None:
    away = CommandError("refused", prefix="")
    server = Server([table(5)], [away, away, away, [event("ADDED", row("a", 6))]])
    assert told(server) == [("AWAY", ""), ("AWAY", ""), ("BACK", ""), ("ADDED", "a")]


def test_a_server_that_stays_away_ends_the_watch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "PATIENCE_SECONDS", -1.0)
    watch = Watch(Server([table(5)], [OSError("cut")]), "/x", "", {})  # type: ignore[arg-type]
    watch.list()
    with pytest.raises(CommandError, match="the watch was given up: cut"):
        list(watch.events())


def test_a_server_that_forgets_at_once_whatever_it_lists_is_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(watching, "PATIENCE_SECONDS", -1.0)
    expired = ApiFailure({"reason": "Expired", "message": "too old"})
    watch = Watch(Server([table(5)], [expired]), "/x", "", {})  # type: ignore[arg-type]
    watch.list()
    with pytest.raises(CommandError, match=r"the watch was given up: .*too old"):
        list(watch.events())


def test_a_refusal_is_not_asked_again() -> None:
    forbidden = ApiFailure({"reason": "Forbidden", "message": "no"})
    watch = Watch(Server([table(5)], [forbidden]), "/x", "", {})  # type: ignore[arg-type]
    watch.list()
    with pytest.raises(ApiFailure, match="Forbidden"):
        list(watch.events())


def board(*rows: Object) -> Board:
    return Board(TablePrinter(), table(5, *rows))


def test_rows_are_marked_while_they_are_fresh_and_then_gone() -> None:
    shown = board(row("a", 1), row("b", 2))
    shown.take(Event("MODIFIED", {"rows": [row("a", 3)]}), 10)
    shown.take(Event("DELETED", {"rows": [row("b", 4)]}), 10)
    shown.take(Event("ADDED", {"rows": [row("c", 5)]}), 10)
    assert shown.lines(DATE, 20) == [
        "NAME   AGE",
        "a      60s  changed",
        "b      60s  gone",
        "c      60s  new",
    ]
    assert shown.pause(11, DATE) == 1.0
    shown.settle(10 + FRESH_SECONDS)
    assert shown.lines(DATE, 20) == ["NAME   AGE", "a      60s", "c      60s"]
    assert shown.last(DATE) == shown.lines(DATE, 20)


def test_where_rows_do_not_fit_those_that_changed_are_shown() -> None:
    shown = board(*(row(f"r{number}", number) for number in range(9)))
    shown.take(Event("MODIFIED", {"rows": [row("r8", 20)]}), 10)
    lines = shown.lines(DATE, 5)
    assert [line.split()[0] for line in lines] == ["NAME", "r0", "r1", "r8", "…"]
    assert "6 more" in lines[-1]


def test_a_server_that_is_away_is_told_below_the_rows_until_it_is_back() -> None:
    shown = board(row("a", 1))
    shown.take(Event("AWAY", "refused"), 10)
    assert shown.lines(DATE, 20)[-1] == "waiting for the server: refused"
    shown.take(Event("BACK", None), 11)
    assert len(shown.lines(DATE, 20)) == 2


def test_a_server_that_makes_no_tables_is_shown_by_names_and_ages() -> None:
    given = dict.fromkeys(
        ("form", "template", "sort_by", "subresource", "selector", "field_selector"), ""
    ) | dict.fromkeys(
        ("no_headers", "show_labels", "show_kind", "show_managed_fields", "ignore_not_found",
         "all_namespaces", "watch", "watch_only", "output_watch_events"), False
    ) | {"label_columns": (), "chunk_size": 500, "server_print": True}  # fmt: skip
    asked, one = Asked(given), Wanted(PODS, "default", None)
    obj = {"metadata": {"name": "a", "uid": "a", "creationTimestamp": "2026-01-01T00:00:00Z"}}
    server = Server([{"metadata": {"resourceVersion": "5"}, "items": []}],
                    [[{"type": "ADDED", "object": obj}]])  # fmt: skip
    watch = Watch(server, "/x", "", {}, 1.0)  # type: ignore[arg-type]
    shown = Board(TablePrinter(), table_of(asked, one, watch.list()))
    for happened in tabled(asked, one, watch):
        shown.take(happened, 10)
    assert shown.lines(DATE, 20)[0].split() == ["NAME", "AGE"]
    assert shown.lines(DATE, 20)[1].split() == ["a", "60s", "new"]


def test_a_resize_that_comes_while_the_queue_is_locked_is_told_afterwards() -> None:
    waiting: queue.Queue[Any] = queue.Queue()
    too_late = threading.Timer(10, waiting.mutex.release)
    with told_of_resizes(waiting), waiting.mutex:
        too_late.start()
        signal.raise_signal(signal.SIGWINCH)
        too_late.cancel()
    assert waiting.get(timeout=10) is None
