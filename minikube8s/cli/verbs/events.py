"""`mk8s events`: what happened, the newest last; -w goes on."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import click

from minikube8s.api.resources import EVENTS
from minikube8s.cli import options
from minikube8s.cli.command import verb
from minikube8s.cli.errors import CommandError
from minikube8s.cli.naming import targets
from minikube8s.cli.output import printing, styles, tables
from minikube8s.cli.session import Session

_TYPES = {"normal": "Normal", "warning": "Warning"}
_PAGE = 500


@verb("events")
@click.option("--for", "about", default="", metavar="TYPE/NAME", help="Of this object only.")
@click.option("--types", default="", help="Normal, Warning or both, with a comma.")
@click.option("-w", "--watch", is_flag=True, help="After the list, show what happens.")
@click.option("--no-headers", is_flag=True, help="Leave the headings out.")
@click.option("--chunk-size", type=int, default=_PAGE, help="Events a request; 0: all at once.")
@options.output
@options.all_namespaces
@click.pass_obj
def command(session: Session, /, **given: Any) -> None:
    """Show Events: `mk8s events --for deploy/web --types=Warning`."""
    place = None if given["all_namespaces"] else session.namespace
    asked = _Asked(session, given, place)
    if given["watch"]:
        asked.follow()
    else:
        asked.show()


class _Asked:
    """One call of the verb."""

    def __init__(self, session: Session, given: dict[str, Any], place: str | None) -> None:
        self.types = _types(given["types"])
        self.query = _query(session, given["about"])
        self.client = session.client
        self.seconds = session.access.seconds
        self.namespace = place
        self.path = targets.path(EVENTS, place)
        self.chunk: int = given["chunk_size"]
        self.printer = printing.printer(given["form"]) if given["form"] else None
        self.layout = tables.Layout()
        self.headings = not given["no_headers"]

    def show(self) -> None:
        """All that there are, the newest last."""
        from minikube8s.cli import eventing

        found = sorted(filter(self.wanted, self.pages()), key=eventing.last)
        if not found:
            place = f" in {self.namespace} namespace" if self.namespace else ""
            click.echo(f"No events found{place}.", err=True)
        elif self.printer is None:
            self.lines(found)
        elif self.printer.form == "name":
            printing.put("".join(self.printer.text(EVENTS, one) for one in found))
        else:
            listed = {"apiVersion": "v1", "items": found, "kind": "EventList", "metadata": {}}
            printing.put(self.printer.text(EVENTS, listed))

    def follow(self) -> None:
        """All that there are, and then what happens. Raises CommandError."""
        from minikube8s.cli.getting.watching import Watch

        watch = Watch(self.client, self.path, "application/json", self.query, self.seconds)
        self.told([_typed(one) for one in watch.list().get("items") or []])
        for event in watch.events():
            if event.type in {"ADDED", "MODIFIED"}:
                self.told([_typed(event.content)])

    def told(self, events: list[dict[str, Any]]) -> None:
        """Print those that are wanted."""
        wanted = [one for one in events if self.wanted(one)]
        if self.printer is None:
            self.lines(wanted)
        else:
            for one in wanted:
                printing.put(self.printer.text(EVENTS, one))
        sys.stdout.flush()

    def lines(self, events: list[dict[str, Any]]) -> None:
        """Print a line each, below the headings if these are the first."""
        from minikube8s.cli import eventing

        now = datetime.now(UTC)
        rows = [eventing.row(one, now) for one in events]
        rows = [[one["metadata"].get("namespace", ""), *cells] if self.namespace is None else cells
                for one, cells in zip(events, rows, strict=True)]  # fmt: skip
        if rows and self.headings:
            rows.insert(0, ["NAMESPACE"] * (self.namespace is None) + eventing.HEADINGS)
            self.headings = False
        for line in self.layout.lines(rows, _paint if styles.colourful() else None):
            click.echo(line)

    def wanted(self, event: dict[str, Any]) -> bool:
        """Whether its type is one of those that were asked for."""
        return not self.types or event.get("type") in self.types

    def pages(self) -> Iterator[dict[str, Any]]:
        """All Events, page by page."""
        query = self.query | ({"limit": str(self.chunk)} if self.chunk > 0 else {})
        more = ""
        while True:
            asked = query | {"continue": more} if more else query
            page = self.client.json("GET", self.path, query=asked)
            yield from map(_typed, page.get("items") or [])
            more = page["metadata"].get("continue") or ""
            if not more:
                return


def _paint(_: int, __: int, cell: str) -> str:
    return styles.paint("yellow", cell) if cell.rstrip() == "Warning" else cell


def _typed(event: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Event", **event}


def _types(text: str) -> set[str]:
    found = {_TYPES.get(word.strip().lower(), "") for word in text.split(",")} if text else set()
    if "" in found:
        raise CommandError("valid --types are Normal or Warning")
    return found


def _query(session: Session, about: str) -> dict[str, str]:
    if not about:
        return {}
    kind, slash, name = about.partition("/")
    if not (kind and slash and name) or "/" in name:
        raise CommandError("--for must be in resource/name form")
    found = session.kinds.by_word(kind)
    fields = f"involvedObject.kind={found.kind},involvedObject.name={name}"
    return {"fieldSelector": fields}
