"""Prints what was found: Tables one below the other, or objects in a form of ``-o``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from itertools import groupby
from typing import Any

from minikube8s.api.resources import Resource
from minikube8s.cli.getting.asked import Asked, Wanted
from minikube8s.cli.getting.fetching import items
from minikube8s.cli.output import printing
from minikube8s.cli.output.servertables import TablePrinter, generic

Found = Sequence[tuple[Wanted, dict[str, Any]]]


def show(asked: Asked, found: Found, first: Resource, *, several: bool, one: bool) -> bool:
    """Print all; whether there was anything. ``several`` kinds, or ``one`` object by name.

    ``first`` is the kind that was asked for first.
    """
    if asked.tables:
        return _tables(asked, found, several=several)
    _objects(asked, found, first, one=one)
    return True


def table_printer(asked: Asked, resource: Resource, *, several: bool = False) -> TablePrinter:
    """The printer of a kind's rows."""
    return TablePrinter(
        wide=asked.form == "wide",
        namespaces=asked.everywhere and resource.namespaced,
        headers=asked.headers,
        prefix=printing.prefix_of(resource) if several or asked.kinds_shown else "",
        labels=asked.labels,
        label_columns=asked.label_columns,
        events=asked.events,
    )


def table_of(asked: Asked, one: Wanted, answer: dict[str, Any]) -> dict[str, Any]:
    """The answer as a Table, in the order that was asked for."""
    table = answer if answer.get("kind") == "Table" else generic(items(one, answer))
    if asked.by:
        from minikube8s.cli.output.sorting import order

        rows = table.get("rows") or []
        table = {**table, "rows": order(asked.by, [row["object"] for row in rows], rows)}
    return table


def _tables(asked: Asked, found: Found, *, several: bool) -> bool:
    blocks = []
    for resource, group in groupby(found, key=lambda pair: pair[0].resource):
        tables = [table_of(asked, one, answer) for one, answer in group]
        rows = [row for table in tables for row in table.get("rows") or []]
        if rows:
            printer = table_printer(asked, resource, several=several)
            blocks.append("\n".join(printer.lines({**tables[0], "rows": rows})) + "\n")
    sys.stdout.write(("\n" if asked.headers else "").join(blocks))
    return bool(blocks)


def _objects(asked: Asked, found: Found, first: Resource, *, one: bool) -> None:
    printer = asked.printer()
    pairs = [(wanted.resource, obj) for wanted, answer in found for obj in items(wanted, answer)]
    if asked.by:
        from minikube8s.cli.output.sorting import order

        pairs = order(asked.by, [obj for _, obj in pairs], pairs)
    if printer.form == "name":
        printing.put("".join(printer.text(resource, obj) for resource, obj in pairs))
    elif one:
        for resource, obj in pairs:
            printing.put(printer.text(resource, obj))
    elif pairs or not asked.ignore_missing:
        printing.put(printer.text(first, printing.listed([obj for _, obj in pairs])))


def nothing_found(namespace: str | None, wanted: Sequence[Wanted]) -> str:
    """What to say when there are none."""
    if namespace and all(one.resource.namespaced for one in wanted):
        return f"No resources found in {namespace} namespace."
    return "No resources found"
