"""`mk8s exec`: a command in a container."""

from __future__ import annotations

from typing import Any

import click

from minikube8s.cli import pods
from minikube8s.cli.command import verb
from minikube8s.cli.session import Session


@verb("exec")
@click.argument("pod", metavar="POD | pod/POD")
@click.argument("words", nargs=-1, required=True, type=click.UNPROCESSED, metavar="-- COMMAND...")
@click.option("-c", "--container", default="", help="The container, where a pod has several.")
@click.option("-i", "--stdin", is_flag=True, help="Pass standard input on.")
@click.option("-t", "--tty", is_flag=True, help="Give the command a terminal.")
@click.pass_obj
def command(session: Session, /, pod: str, words: tuple[str, ...], **given: Any) -> int:
    """Run a command in a container: `mk8s exec -it web-0 -- sh`."""
    from minikube8s.cli.conversation import converse

    client = session.client
    path = pods.path(session, pod)
    query = [("command", word) for word in words]
    query.append(("container", pods.container(client, path, given["container"])))
    return converse(client, f"{path}/exec", query, stdin=given["stdin"], tty=given["tty"])
