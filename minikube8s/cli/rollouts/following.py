"""Following a rollout to its end, by a watch of its object."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import click

from minikube8s.cli import progress
from minikube8s.cli.changing.chosen import Chosen
from minikube8s.cli.client import ApiFailure
from minikube8s.cli.errors import CommandError
from minikube8s.cli.rollouts.state import State, state
from minikube8s.cli.session import Session

_WEEK = 7 * 24 * 3600.0
_TIMED_OUT = "timed out waiting for the condition"


def follow(session: Session, one: Chosen, revision: int, seconds: float) -> None:
    """Tell how the rollout of ``one`` gets on until it is over; ``seconds`` 0 is a week.

    Raises CommandError when it fails or takes longer.
    """
    deadline = time.monotonic() + (seconds or _WEEK)
    told = ""
    with progress.watched() as shown:
        for obj in _versions(session, one, deadline):
            now = state(obj, revision)
            if now.text != told:
                told = now.text
                shown.clear()
                click.echo(told)
            if now.done:
                return
            shown.show([_line(one.name, now)])
    raise CommandError(_TIMED_OUT)


def _line(name: str, now: State) -> str:
    return f"{name} {progress.bar(now.ready, now.wanted)} {now.ready} of {now.wanted} pods"


def _versions(session: Session, one: Chosen, deadline: float) -> Iterator[dict[str, Any]]:
    """The object as it is, then as it becomes, until the deadline. A watch that ends goes on."""
    yield one.obj
    collection = one.path.rpartition("/")[0]
    version = one.obj["metadata"].get("resourceVersion", "")
    while time.monotonic() < deadline:
        left = max(1.0, deadline - time.monotonic())
        query = {
            "watch": "true",
            "fieldSelector": f"metadata.name={one.name}",
            "resourceVersion": version,
            "timeoutSeconds": str(int(min(left, 3600))),
        }
        with session.client.stream(collection, seconds=left, query=query) as answer:
            try:
                for line in answer:
                    event = json.loads(line)
                    if event["type"] == "ERROR":
                        break
                    if event["type"] == "DELETED":
                        raise CommandError("object has been deleted")
                    version = event["object"]["metadata"]["resourceVersion"]
                    yield {**one.obj, **event["object"]}
                    if time.monotonic() > deadline:
                        return
            except TimeoutError:
                return
        try:
            obj = session.client.json("GET", one.path)
        except ApiFailure as failure:
            if failure.reason == "NotFound":
                raise CommandError("object has been deleted") from None
            raise
        version = obj["metadata"]["resourceVersion"]
        yield obj
