"""`mk8s attach`: a conversation with a container's own process."""

from __future__ import annotations

from typing import Any

import click

from minikube8s.cli import options
from minikube8s.cli.command import verb
from minikube8s.cli.errors import CommandError
from minikube8s.cli.session import Session


@verb("attach")
@click.argument("words", nargs=-1, metavar="(POD | TYPE/NAME)")
@click.option("-c", "--container", default="", help="The container, where a pod has several.")
@click.option("-i", "--stdin", is_flag=True, help="Pass standard input on.")
@click.option("-t", "--tty", is_flag=True, help="The process has a terminal.")
@click.option("-q", "--quiet", is_flag=True, help="Print only what the process prints.")
@options.pod_running_timeout("1m")
@click.pass_obj
def command(session: Session, /, words: tuple[str, ...], **given: Any) -> None:
    """Join the process of a container that runs: `mk8s attach -it web-0`."""
    from minikube8s.cli.containers import attaching, pods

    if not words:
        raise CommandError("at least 1 argument is required for attach")
    pod = pods.chosen(session, words, given["pod_running_timeout"])
    phase = (pod.get("status") or {}).get("phase")
    if phase in {"Succeeded", "Failed"}:
        raise CommandError(
            f"cannot attach a container in a completed pod; current phase is {phase}"
        )
    name = pods.container(pod, given["container"], quiet=given["quiet"])
    found = [one for one in pods.containers(pod) if one["name"] == name]
    if not found:
        raise CommandError(
            f"cannot attach to the container: container {name} not found in pod "
            f"{pod['metadata']['name']}"
        )
    wish = attaching.Wish(given["stdin"], given["tty"], given["quiet"])
    attaching.join(session, pod, found[0], wish)
