"""`mk8s why`: the causes of an object's being there, where it is and how it is, in plain words."""

from __future__ import annotations

import shutil
import sys

import click

from minikube8s.cli.command import verb
from minikube8s.cli.describing.common import now
from minikube8s.cli.explaining.explain import explain
from minikube8s.cli.explaining.gathering import Gatherer
from minikube8s.cli.naming import targets
from minikube8s.cli.session import Session


@verb("why")
@click.argument("words", nargs=-1, metavar="TYPE NAME | TYPE/NAME ...")
@click.pass_obj
def command(session: Session, /, words: tuple[str, ...]) -> None:
    """Say why an object is as it is: `mk8s why pod/web-0`.

    Why it exists, why it is where it is, why it is not ready, and what would have to change. Every
    sentence stands on a stored field, condition or Event.
    """
    gatherer = Gatherer(session.client, now())
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    chosen = targets.named(session.kinds, words)
    stories = [
        explain(gatherer.facts(resource, session.namespace if resource.namespaced else None, name))
        for resource, name in chosen
    ]
    click.echo("\n\n\n".join(story.text(width) for story in stories))
