"""Whose logs are meant: pods and their containers. The choice among several is pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import click

from minikube8s.api.resources import PODS
from minikube8s.cli.containers import pods
from minikube8s.cli.errors import CommandError
from minikube8s.cli.session import Session

Object = dict[str, Any]


class Source(NamedTuple):
    """One container of one pod, and the path of its log."""

    pod: str
    container: str
    path: str

    @property
    def prefix(self) -> str:
        """What `--prefix` puts before each line."""
        return f"[pod/{self.pod}/{self.container}] "


def find(session: Session, words: Sequence[str], given: Mapping[str, Any]) -> list[Source]:
    """What the line means; empty where a selector finds no pod. Raises CommandError, ApiFailure."""
    found = _pods(session, words, given)
    wanted = given["container"] or (words[1] if len(words) == 2 else "")
    return [
        source for pod in found for source in of_pod(pod, wanted, every=given["all_containers"])
    ]


def of_pod(pod: Object, wanted: str, *, every: bool) -> list[Source]:
    """The container that is meant, or all of them. Raises CommandError where it is not there."""
    names = [str(one["name"]) for one in pods.containers(pod)]
    if not every:
        name = pods.container(pod, wanted)
        if name not in names:
            raise CommandError(
                f"container {name} is not valid for pod {pod['metadata']['name']}; "
                f"it has {', '.join(names)}"
            )
        names = [name]
    path = f"{pods.path(pod)}/log"
    return [Source(pod["metadata"]["name"], name, path) for name in names]


def _pods(session: Session, words: Sequence[str], given: Mapping[str, Any]) -> list[Object]:
    if given["selector"]:
        return pods.listed(session, session.namespace, given["selector"])
    resource, obj = pods.named(session, words[:1])
    if resource is PODS:
        return [obj]
    seconds = given["pod_running_timeout"]
    found = pods.selected(session, resource, obj, seconds, "get the logs of")
    if given["all_pods"]:
        return found
    best = max(found, key=pods.to_read)
    if len(found) > 1:
        name = best["metadata"]["name"]
        click.echo(f"Found {len(found)} pods, using pod/{name}", err=True)
    return [best]
