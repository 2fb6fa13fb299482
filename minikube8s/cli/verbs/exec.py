"""`mk8s exec`: a command in a container."""

from __future__ import annotations

from typing import Any

import click

from minikube8s.cli import options
from minikube8s.cli.command import after_dash, verb
from minikube8s.cli.errors import CommandError
from minikube8s.cli.session import Session


@verb("exec")
@click.argument("words", nargs=-1, metavar="(POD | TYPE/NAME) -- COMMAND [ARGS...]")
@click.option("-c", "--container", default="", help="The container, where a pod has several.")
@click.option("-i", "--stdin", is_flag=True, help="Pass standard input on.")
@click.option("-t", "--tty", is_flag=True, help="Give the command a terminal.")
@click.option("-q", "--quiet", is_flag=True, help="Print only what the command prints.")
@click.option("-f", "--filename", "filenames", multiple=True, help="The file that has the object.")
@options.pod_running_timeout("1m")
@click.pass_context
def command(context: click.Context, /, words: tuple[str, ...], **given: Any) -> None:
    """Run a command in a container: `mk8s exec -it web-0 -- sh`.

    Of a Deployment or another TYPE/NAME, in one of its pods: `mk8s exec deploy/web -- date`.
    """
    from minikube8s.cli.containers import pods, terminal
    from minikube8s.cli.containers.conversation import converse

    session: Session = context.obj
    target, line = _split(words, after_dash(context), given)
    resource, obj = pods.named(session, [target]) if target else _of_file(session, given)
    pod = pods.best(session, resource, obj, given["pod_running_timeout"])
    phase = (pod.get("status") or {}).get("phase")
    if phase in {"Succeeded", "Failed"}:
        raise CommandError(
            f"cannot exec into a container in a completed pod; current phase is {phase}"
        )
    container = pods.container(pod, given["container"], quiet=given["quiet"])
    tty = terminal.usable(stdin=given["stdin"], tty=given["tty"], quiet=given["quiet"])
    query = [*(("command", word) for word in line), ("container", container)]
    converse(session.client, f"{pods.path(pod)}/exec", query, stdin=given["stdin"], tty=tty)


def _split(
    words: tuple[str, ...], after: list[str] | None, given: dict[str, Any]
) -> tuple[str, list[str]]:
    """The word that names the pod, "" where a file does, and the command. Raises CommandError."""
    before = list(words[: len(words) - len(after)] if after is not None else words)
    if given["filenames"]:
        named, line = "", [*before, *(after or [])]
    elif not before:
        raise CommandError("pod, type/name or --filename must be specified")
    else:
        # kubectl once took the command without `--`, and tutorials still write it so
        named, line = before[0], [*before[1:], *(after or [])]
        if len(before) > 1 and not given["quiet"]:
            click.echo(
                "mk8s exec [POD] [COMMAND] is DEPRECATED. "
                "Use mk8s exec [POD] -- [COMMAND] instead.",
                err=True,
            )
    if not line:
        raise CommandError("you must specify at least one command for the container")
    return named, line


def _of_file(session: Session, given: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    """What the file of `-f` names. Raises CommandError, ApiFailure."""
    from minikube8s.cli.containers import pods

    found = pods.of_files(session, given["filenames"])
    if len(found) != 1:
        raise CommandError(f"name one object, not {len(found)}")
    return found[0]
