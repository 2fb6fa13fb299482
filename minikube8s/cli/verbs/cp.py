"""`mk8s cp`: files to and from containers."""

from __future__ import annotations

from typing import Any

import click

from minikube8s.cli.command import verb
from minikube8s.cli.errors import CommandError
from minikube8s.cli.session import Session


@verb("cp")
@click.argument("words", nargs=-1, metavar="SOURCE DESTINATION")
@click.option("-c", "--container", default="", help="The container, where a pod has several.")
@click.option("--no-preserve", is_flag=True, help="Do not keep owners and permissions.")
@click.option("--retries", type=int, default=0, help="Go on after a cut so often (-1: always).")
@click.pass_obj
def command(session: Session, /, words: tuple[str, ...], **given: Any) -> None:
    """Copy files and folders to and from containers.

    One of the two is in a pod: `mk8s cp web-0:/etc/nginx ./nginx`, `mk8s cp page.html web-0:/tmp`.
    The container's image must have tar.
    """
    from pathlib import Path

    from minikube8s.api.resources import PODS
    from minikube8s.cli.containers import pods
    from minikube8s.cli.copying import places
    from minikube8s.cli.copying.carrying import Carrier
    from minikube8s.cli.output.progress import watched

    source, destination = places.pair(words)
    there = source if source.pod else destination
    if not source.pod and not Path(source.path).exists():
        raise CommandError(f"{source.path} doesn't exist in local filesystem")
    namespace = there.namespace or session.namespace
    pod = pods.fetched(session, PODS, namespace, there.pod)
    container = pods.container(pod, given["container"])
    with watched() as progress:
        carrier = Carrier(session, f"{pods.path(pod)}/exec", container, progress)
        preserve = not given["no_preserve"]
        try:
            if source.pod:
                local = Path(destination.path)
                carrier.from_pod(source.path, local, preserve=preserve, retries=given["retries"])
            else:
                carrier.to_pod(Path(source.path), destination.path, preserve=preserve)
        except OSError as error:
            if error.filename is None:
                raise
            raise CommandError(f"{error.filename}: {error.strerror}") from None
