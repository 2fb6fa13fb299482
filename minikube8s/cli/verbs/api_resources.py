"""`mk8s api-resources`: the kinds that the cluster knows."""

from __future__ import annotations

from typing import Any

import click

from minikube8s.api.resources import Resource
from minikube8s.cli.command import verb
from minikube8s.cli.errors import CommandError
from minikube8s.cli.output import tables
from minikube8s.cli.output.escapes import harmless
from minikube8s.cli.session import Session

HEADERS = ["NAME", "SHORTNAMES", "APIVERSION", "NAMESPACED", "KIND"]


@verb("api-resources")
@click.option("--api-group", help="Only kinds of this group; the core group is empty.")
@click.option("--namespaced", is_flag=True, default=None, help="Only kinds in namespaces (or not).")
@click.option("--verbs", multiple=True, help="Only kinds with all these verbs.")
@click.option("--categories", multiple=True, help="Only kinds of all these categories.")
@click.option("--sort-by", default="", help="name or kind.")
@click.option("--no-headers", is_flag=True, help="Leave the headings out.")
@click.option("--cached", is_flag=True, help="Taken as kubectl takes it; nothing is kept.")
@click.option("-o", "--output", "form", default="", help="wide or name.")
@click.pass_obj
def command(session: Session, /, **given: Any) -> None:
    """Show every kind: its names, short names, group and scope."""
    form, order = given["form"], given["sort_by"]
    if form not in {"", "wide", "name"}:
        raise CommandError(f"--output {form} is not available: it is wide or name")
    if order not in {"", "name", "kind"}:
        raise CommandError("--sort-by accepts only name or kind")
    chosen = [row for row in session.kinds.discovered().preferred() if _wanted(row, given)]
    chosen.sort(key=lambda row: _key(row, order))
    if form == "name":
        names = "\n".join(row.group_resource for row in chosen)
        click.echo(harmless(names), nl=bool(chosen))
        return
    headers = [*HEADERS, "VERBS", "CATEGORIES"] if form == "wide" else HEADERS
    rows = [_cells(row)[: len(headers)] for row in chosen]
    if rows or not given["no_headers"]:
        click.echo(harmless(tables.render(headers, rows, header=not given["no_headers"])))


def _wanted(row: Resource, given: dict[str, Any]) -> bool:
    group, scope = given["api_group"], given["namespaced"]
    return (
        bool(row.verbs)
        and group in {None, row.group}
        and scope in {None, row.namespaced}
        and _words(given["verbs"]) <= set(row.verbs)
        and _words(given["categories"]) <= set(row.categories)
    )


def _words(given: tuple[str, ...]) -> set[str]:
    return {word for words in given for word in words.split(",") if word}


def _key(row: Resource, order: str) -> tuple[str, ...]:
    if order:
        return (row.plural if order == "name" else row.kind,)
    return row.group, row.plural


def _cells(row: Resource) -> list[str]:
    return [
        row.plural,
        ",".join(row.short_names),
        row.api_version,
        str(row.namespaced).lower(),
        row.kind,
        ",".join(row.verbs),
        ",".join(row.categories),
    ]
