"""Joining the process of a container: by `attach`, and by `run` and `debug`, which start it."""

from __future__ import annotations

import sys
from typing import Any, NamedTuple

import click

from minikube8s.cli.connection.client import ApiFailure
from minikube8s.cli.containers import pods, podwaiting, terminal
from minikube8s.cli.session import Session

Object = dict[str, Any]

_PROMPT = "If you don't see a command prompt, try pressing enter."


class Wish(NamedTuple):
    """What a user asks of the conversation: `-i`, `-t`, `-q`."""

    stdin: bool
    tty: bool
    quiet: bool = False


def join(session: Session, pod: Object, container: Object, wish: Wish) -> None:
    """Talk with the container's own process until it ends. Raises CommandError, ApiFailure."""
    from minikube8s.cli.containers.conversation import converse

    has_one = bool(container.get("tty"))
    if wish.tty and not has_one and not wish.quiet:
        name = container["name"]
        click.echo(f"error: Unable to use a TTY - container {name} did not allocate one", err=True)
    tty = terminal.usable(stdin=wish.stdin, tty=has_one, quiet=wish.quiet)
    if not wish.quiet:
        click.echo(_PROMPT, err=True)
    query = [("container", str(container["name"]))]
    path = f"{pods.path(pod)}/attach"
    converse(session.client, path, query, stdin=wish.stdin, tty=tty, redraw=True)
    if wish.stdin and tty and not wish.quiet:
        _say_how_to_come_back(pod, container)


def join_started(
    session: Session,
    namespace: str,
    name: str,
    container: str,
    wish: Wish,
    seconds: float,
    *,
    when_ready: bool = True,
) -> None:
    """Wait until the container runs, show what it has said, and join it.

    One that has ended already has its log shown. ``when_ready`` waits for the whole pod. Raises
    CommandError, ApiFailure.
    """

    def started(pod: Object) -> bool:
        ready = podwaiting.is_ready(pod) or not when_ready
        return ready and bool(_state(pod, container))

    pod = podwaiting.until_it_runs(session, namespace, name, started, seconds)
    said = show_log(session, pod, container)
    if podwaiting.phase(pod) in podwaiting.ENDED or "terminated" in _state(pod, container):
        return
    spec = next(one for one in pods.containers(pod) if one["name"] == container)
    try:
        join(session, pod, spec, wish)
    except ApiFailure as error:
        click.echo(
            f"warning: couldn't attach to pod/{name}, falling back to streaming logs: {error}",
            err=True,
        )
        show_log(session, pod, container, skip=said)


def show_log(session: Session, pod: Object, container: str, skip: int = 0) -> int:
    """Print the container's log without its first ``skip`` bytes; returns how long it is now."""
    out = sys.stdout.buffer
    length = 0
    query = {"container": container}
    with session.client.stream(f"{pods.path(pod)}/log", accept="*/*", query=query) as answer:
        while block := answer.read1(1 << 16):
            out.write(block[max(0, skip - length) :])
            length += len(block)
    out.flush()
    return length


def _state(pod: Object, container: str) -> Object:
    """The container's state, once it has been running; empty before."""
    status = pod.get("status") or {}
    for field in ("initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses"):
        for one in status.get(field) or ():
            state: Object = one.get("state") or {}
            if one["name"] == container and ("running" in state or "terminated" in state):
                return state
    return {}


def _say_how_to_come_back(pod: Object, container: Object) -> None:
    name, namespace = pod["metadata"]["name"], pod["metadata"]["namespace"]
    place = "" if namespace == "default" else f" -n {namespace}"
    again = f"mk8s attach {name}{place} -c {container['name']} -i -t"
    if any(
        one["name"] == container["name"] for one in pod["spec"].get("ephemeralContainers") or ()
    ):
        click.echo(
            "Session ended, the ephemeral container will not be restarted but may be reattached "
            f"using '{again}' if it is still running"
        )
    elif pod["spec"].get("restartPolicy", "Always") == "Always":
        click.echo(f"Session ended, resume using '{again}' command when the pod is running")
