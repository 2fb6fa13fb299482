"""Shows a watch: lines as they come, or a table that is redrawn in place on a terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

from minikube8s.cli.connection.client import ApiFailure, Client
from minikube8s.cli.getting.asked import Asked, Wanted
from minikube8s.cli.getting.fetching import items, missed
from minikube8s.cli.getting.showing import table_of, table_printer
from minikube8s.cli.getting.watching import Event, Watch
from minikube8s.cli.output import printing
from minikube8s.cli.output.progress import Progress


def follow(client: Client, asked: Asked, one: Wanted, seconds: float) -> None:
    """Show what there is and what happens to it, for ``seconds`` or (0) until interrupted.

    Raises CommandError.
    """
    query = dict(asked.selectors)
    if one.name:
        query["fieldSelector"] = f"metadata.name={one.name}"
        _look(client, one)
    everything = Wanted(one.resource, one.namespace, None)
    watch = Watch(client, everything.path(), asked.accept(), query, seconds)
    listed = watch.list()
    if asked.tables and _drawable(asked):
        from minikube8s.cli.getting import live

        printer = table_printer(asked, one.resource)
        live.run(printer, table_of(asked, everything, listed), tabled(asked, everything, watch))
    elif asked.tables:
        _rows(asked, everything, watch, listed)
    else:
        _objects(asked, everything, watch, listed)


def _drawable(asked: Asked) -> bool:
    """Whether a person watches who wants to see the state, not each change."""
    bare = asked.events or asked.watch_only
    return not bare and sys.stdout.isatty() and Progress().live


def _rows(asked: Asked, one: Wanted, watch: Watch, listed: dict[str, Any]) -> None:
    printer = table_printer(asked, one.resource)
    printer.learn(table_of(asked, one, listed))
    if not asked.watch_only:
        _put_lines(printer.lines(table_of(asked, one, listed)))
    for event in tabled(asked, one, watch):
        if event.type not in {"AWAY", "BACK"}:
            _put_lines(printer.lines(event.content, event.type))


def tabled(asked: Asked, one: Wanted, watch: Watch) -> Iterator[Event]:
    """The events with Tables, also of a server that makes none."""
    for event in watch.events():
        if event.type not in {"AWAY", "BACK"} and event.content.get("kind") != "Table":
            event.content = table_of(asked, one, {"items": [event.content]})
        yield event


def _objects(asked: Asked, one: Wanted, watch: Watch, listed: dict[str, Any]) -> None:
    printer = asked.printer()
    as_event = asked.events and printer.form != "name"

    def show(type: str, obj: dict[str, Any]) -> None:
        if asked.events and printer.form in {"json", "yaml"}:
            printing.put(_event(printer.form, type, obj))
        else:
            shown = {"type": type, "object": obj} if as_event else obj
            printing.put(printer.text(one.resource, shown))
        sys.stdout.flush()

    if not asked.watch_only:
        for obj in items(one, listed):
            show("ADDED", obj)
    for event in watch.events():
        if event.type not in {"AWAY", "BACK"}:
            show(event.type, event.content)


def _event(form: str, type: str, obj: dict[str, Any]) -> str:
    """A WatchEvent: as JSON on one line."""
    if form == "yaml":
        return printing.structured("yaml", {"object": obj, "type": type}) + "\n---\n"
    from minikube8s.cli.output.jsonpath import wording

    return f'{{"type":"{type}","object":{wording.compact(obj)}}}\n'


def _look(client: Client, one: Wanted) -> None:
    """Raise what the server says when there is no such object."""
    try:
        client.json("GET", one.path(), accept=printing.TABLE)
    except ApiFailure as failure:
        raise missed(client, failure, one) from None


def _put_lines(lines: list[str]) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()
