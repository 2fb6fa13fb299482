"""Following a rollout to its end."""

from __future__ import annotations

import time

import click

from minikube8s.cli.changing import watching
from minikube8s.cli.changing.chosen import Chosen
from minikube8s.cli.errors import CommandError
from minikube8s.cli.output import progress
from minikube8s.cli.rollouts.state import State, state
from minikube8s.cli.session import Session

_WEEK = 7 * 24 * 3600.0


def follow(session: Session, one: Chosen, revision: int, seconds: float) -> None:
    """Tell how the rollout of ``one`` gets on until it is over; ``seconds`` 0 is a week.

    Raises CommandError when it fails or takes longer.
    """
    told = ""
    with progress.watched() as shown:
        for obj in watching.versions(session, one, time.monotonic() + (seconds or _WEEK)):
            now = state(obj, revision)
            if now.text != told:
                told = now.text
                shown.clear()
                click.echo(told)
            if now.done:
                return
            shown.show([_line(one.name, now)])
    raise CommandError("timed out waiting for the condition")


def _line(name: str, now: State) -> str:
    return f"{name} {progress.bar(now.ready, now.wanted)} {now.ready} of {now.wanted} pods"
