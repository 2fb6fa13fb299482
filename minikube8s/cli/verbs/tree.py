"""`mk8s tree`: who owns whom, and how each is."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from minikube8s.api.resources import (
    COMPONENTSTATUSES,
    ENDPOINTS,
    EVENTS,
    EVENTS_V1,
    NAMESPACES,
    NODE_METRICS,
    POD_METRICS,
    Resource,
)
from minikube8s.cli.command import verb
from minikube8s.cli.connection.client import ApiFailure, Client
from minikube8s.cli.naming import nearest, targets
from minikube8s.cli.output import printing, styles, tables
from minikube8s.cli.session import Session

if TYPE_CHECKING:
    from minikube8s.cli.trees import Tree

_TOLD_ELSEWHERE = (
    EVENTS, EVENTS_V1, ENDPOINTS, COMPONENTSTATUSES, NODE_METRICS, POD_METRICS,
)  # fmt: skip
_UNSEEN = frozenset({(row.group, row.kind) for row in _TOLD_ELSEWHERE})


@verb("tree")
@click.argument("words", nargs=-1, metavar="[TYPE NAME | TYPE/NAME]")
@click.pass_obj
def command(session: Session, /, words: tuple[str, ...]) -> None:
    """Draw who owns whom, and how each is: `mk8s tree deploy/web`, `mk8s tree ns/default`."""
    from minikube8s.cli.trees import Tree, leaves

    client, place, asked, unseen = session.client, session.namespace, "", _UNSEEN
    if words:
        target = targets.one(session.kinds, words)
        resource, name = target.resource, str(target.name)
        unseen -= {(resource.group, resource.kind)}
        asked = _uid(client, resource, place, name)
        if resource is NAMESPACES:
            place, asked = name, ""
        elif not resource.namespaced:
            place = ""
    found, refused = [], []
    for resource in session.kinds.listable():
        if (resource.group, resource.kind) in unseen or (place and not resource.namespaced):
            continue
        try:
            path = targets.path(resource, place or None)
            found += leaves(resource, client.json("GET", path, accept=printing.TABLE))
        except ApiFailure as failure:
            refused.append(f"{resource.plural} ({failure.reason})")
    tree = Tree(found)
    _draw(tree, [tree.root(asked)] if asked else tree.roots(), asked)
    if not found:
        click.echo(f"No resources found in {place} namespace.", err=True)
    if refused:
        click.echo(f"Not looked at: {', '.join(refused)}.", err=True)


def _uid(client: Client, resource: Resource, place: str, name: str) -> str:
    from minikube8s.cli.trees import Leaf

    try:
        path = targets.path(resource, place, name)
        return Leaf(resource, client.json("GET", path)["metadata"], {}).uid
    except ApiFailure as failure:
        raise nearest.hinted(client, failure, resource, place, name) from None


def _draw(tree: Tree, roots: list[str], asked: str) -> None:
    from minikube8s.api.times import age
    from minikube8s.cli.output.escapes import harmless
    from minikube8s.cli.output.servertables import colour_of
    from minikube8s.cli.trees import HEADINGS

    pretty = "utf" in (sys.stdout.encoding or "").lower()
    drawn = tree.rows(roots, pretty=pretty)
    if not drawn:
        return
    now = datetime.now(UTC)
    rows = [HEADINGS] + [
        [
            harmless(name),
            harmless(leaf.ready),
            harmless(leaf.status),
            age(leaf.created or None, now),
        ]
        for leaf, name in drawn
    ]

    def paint(number: int, column: int, cell: str) -> str:
        if number == 0 or (column == 0 and drawn[number - 1][0].uid == asked):
            return styles.paint("bold", cell)
        colour = colour_of(HEADINGS[column], cell.rstrip()) if cell.strip() else ""
        return styles.paint(colour, cell) if colour else cell

    for line in tables.Layout().lines(rows, paint):
        click.echo(line)
