"""`mk8s attach`: a conversation with a container's own process."""

from __future__ import annotations

from typing import Any

import click

from minikube8s.cli import pods
from minikube8s.cli.command import verb
from minikube8s.cli.session import Session


@verb("attach")
@click.argument("pod", metavar="POD | pod/POD")
@click.option("-c", "--container", default="", help="The container, where a pod has several.")
@click.option("-i", "--stdin", is_flag=True, help="Pass standard input on.")
@click.option("-t", "--tty", is_flag=True, help="The process has a terminal.")
@click.pass_obj
def command(session: Session, /, pod: str, **given: Any) -> int:
    """Join the process of a container that runs: `mk8s attach -it web-0`."""
    from minikube8s.cli.conversation import converse

    client = session.client
    path = pods.path(session, pod)
    query = [("container", pods.container(client, path, given["container"]))]
    return converse(client, f"{path}/attach", query, stdin=given["stdin"], tty=given["tty"])
