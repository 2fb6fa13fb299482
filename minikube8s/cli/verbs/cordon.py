"""`mk8s cordon`: give nodes no new pods."""

from __future__ import annotations

import click

from minikube8s.cli import options
from minikube8s.cli.command import verb
from minikube8s.cli.session import Session


@verb("cordon")
@click.argument("words", nargs=-1, metavar="NODE ...")
@click.option("-l", "--selector", default="", help="Label selector, like disk=ssd.")
@options.dry_run
@click.pass_obj
def command(session: Session, /, words: tuple[str, ...], selector: str, dry_run: str) -> None:
    """Give nodes no new pods: `mk8s cordon node2`."""
    from minikube8s.cli.draining import cordoning

    nodes = cordoning.nodes(session, "cordon", words, selector)
    cordoning.mark_all(session, nodes, dry_run, closed=True)
