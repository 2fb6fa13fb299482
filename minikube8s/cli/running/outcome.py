"""How a pod that was run came to its end, and taking it away again."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

import click

from minikube8s.api.resources import Resource
from minikube8s.cli import endings
from minikube8s.cli.connection.client import ApiFailure
from minikube8s.cli.containers import podwaiting
from minikube8s.cli.errors import CommandError
from minikube8s.cli.naming import targets
from minikube8s.cli.output.escapes import harmless
from minikube8s.cli.session import Session

Object = dict[str, Any]


def wait_for_end(session: Session, namespace: str, name: str, restart: str, seconds: float) -> None:
    """Return when the pod has succeeded. Raises CommandError with its exit code when it has not.

    One that starts again after a failure is waited for until it succeeds.
    """
    wanted = {"Succeeded"} if restart == "OnFailure" else podwaiting.ENDED

    def done(pod: Object) -> bool:
        return podwaiting.phase(pod) in wanted

    query = {"fieldSelector": f"metadata.name={name}"}
    pod = podwaiting.until(session, namespace, query, done, seconds)
    if pod is None:
        raise CommandError(
            f"timed out waiting for the condition: pod/{name} did not end within {seconds:g} s"
        )
    failure = failure_of(pod)
    if failure is not None:
        raise failure


def failure_of(pod: Object) -> CommandError | None:
    """The error, with the exit code, that tells how a pod that has ended failed. Pure."""
    if podwaiting.phase(pod) == "Succeeded":
        return None
    name = f"{pod['metadata'].get('namespace', 'default')}/{pod['metadata']['name']}"
    told = (pod.get("status") or {}).get("containerStatuses") or [{}]
    ended = (told[0].get("state") or {}).get("terminated") or {}
    code = int(ended.get("exitCode") or 0)
    if not code:
        return CommandError(f"pod {name} failed with unknown exit code")
    words = f"pod {name} terminated ({ended.get('reason', 'Error')})"
    message = harmless(str(ended.get("message") or ""))
    return CommandError(f"{words}\n{message}" if message else words, code, prefix="")


@contextlib.contextmanager
def removed_after(
    session: Session, namespace: str, made: Sequence[tuple[Resource, str]], *, quiet: bool
) -> Iterator[None]:
    """Delete what was ``made``, however the block ends: Ctrl-C, a hang-up and SIGTERM, too."""
    with endings.raised():
        try:
            yield
        finally:
            with endings.ignored():
                for resource, name in made:
                    _delete(session, namespace, resource, name, quiet=quiet)


def _delete(
    session: Session, namespace: str, resource: Resource, name: str, *, quiet: bool
) -> None:
    # a client of its own: a request of the other one may just have been cut off
    client = session.client.another()
    try:
        client.json("DELETE", targets.path(resource, namespace, name))
    except ApiFailure as failure:
        if failure.reason != "NotFound":
            click.echo(str(failure), err=True)
        return
    except CommandError as error:
        click.echo(f'{error} The {resource.singular} "{name}" is still there.', err=True)
        return
    if not quiet:
        click.echo(f'{resource.singular} "{name}" deleted')
