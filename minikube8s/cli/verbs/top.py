"""`mk8s top`: what nodes and pods use, once or plotted as it goes on."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from minikube8s.cli import options
from minikube8s.cli.command import group
from minikube8s.cli.durations import Duration
from minikube8s.cli.errors import CommandError
from minikube8s.cli.session import Session

if TYPE_CHECKING:
    from minikube8s.cli.using.asking import Nodes, Pods

F = TypeVar("F", bound=Callable[..., Any])
_SHORTEST_SECONDS = 1.0


@group("top", aliases={"pods": "pod", "po": "pod", "nodes": "node", "no": "node"})
def command() -> None:
    """Show what nodes or pods use: `mk8s top pods`; -w plots it."""


def _showing(command: F) -> F:
    for option in (
        click.option("--interval", type=Duration(), default=2.0, help="With -w: how often."),
        click.option("-w", "--watch", is_flag=True, help="Plot the use as it goes on."),
        click.option("--use-protocol-buffers", is_flag=True, hidden=True),
        click.option("--no-headers", is_flag=True, help="Leave the headings out."),
        click.option("--sort-by", "by", default="", help="The greatest first: cpu or memory."),
    ):
        command = option(command)
    return command


@command.command("pod")
@click.argument("names", nargs=-1, metavar="[NAME]")
@click.option("--containers", is_flag=True, help="Show each container of a pod.")
@click.option("--sum", "total", is_flag=True, help="Add it all up.")
@_showing
@options.selector
@options.all_namespaces
@click.pass_obj
def pod(session: Session, /, names: tuple[str, ...], **given: Any) -> None:
    """Show what pods use."""
    from minikube8s.cli.using import asking, figures

    query = options.selectors(given["selector"], given["field_selector"])
    name = _name(names, query, "pod")
    place = None if given["all_namespaces"] and not name else session.namespace
    asked = asking.Pods(place, name, query, containers=given["containers"])
    heads = figures.headings(nodes=False, namespaces=place is None, containers=given["containers"])
    _show(session, asked, heads, given)


@command.command("node")
@click.argument("names", nargs=-1, metavar="[NAME]")
@click.option("--show-capacity", is_flag=True, help="Shares of all, not of what pods may use.")
@_showing
@click.option("-l", "--selector", default="", help="Label selector, like zone=a.")
@click.pass_obj
def node(session: Session, /, names: tuple[str, ...], **given: Any) -> None:
    """Show what nodes use."""
    from minikube8s.cli.using import asking, figures

    query = options.selectors(given["selector"], "")
    whole = "capacity" if given["show_capacity"] else "allocatable"
    asked = asking.Nodes(_name(names, query, "node"), query, whole)
    _show(session, asked, figures.headings(nodes=True), given | {"total": False})


def _name(names: tuple[str, ...], query: dict[str, str], kind: str) -> str:
    if len(names) > 1:
        raise CommandError(f"name one {kind} at most, or select them by -l: {' '.join(names)}")
    if names and query:
        raise CommandError("only one of NAME or selector can be provided")
    return names[0] if names else ""


def _show(session: Session, asked: Pods | Nodes, heads: list[str], given: dict[str, Any]) -> None:
    from minikube8s.cli.output import tables
    from minikube8s.cli.using import figures
    from minikube8s.cli.using.asking import Nodes, NothingFound

    if given["by"] not in {"", "cpu", "memory"}:
        raise CommandError("--sort-by accepts only cpu or memory")
    try:
        if given["watch"]:
            from minikube8s.cli.using import live

            pause = max(_SHORTEST_SECONDS, given["interval"])
            live.follow(session.client, asked, given["by"], heads, pause)
            return
        uses = figures.ordered(asked.uses(session.client), given["by"])
    except NothingFound as found:
        click.echo(str(found), err=True)
        return
    rows = [figures.row(use, shares=isinstance(asked, Nodes)) for use in uses]
    if given["total"]:
        rows += figures.total(uses, len(heads))
    shown = rows if given["no_headers"] else [heads, *rows]
    click.echo("\n".join(tables.Layout().lines([[*cells, ""] for cells in shown])))
