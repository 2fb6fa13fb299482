"""Which pod, and which of its containers, a verb means."""

from __future__ import annotations

from typing import Any

import click

from minikube8s.api.resources import PODS
from minikube8s.cli import targets
from minikube8s.cli.client import Client
from minikube8s.cli.errors import CommandError
from minikube8s.cli.session import Session

_DEFAULT = "kubectl.kubernetes.io/default-container"


def path(session: Session, word: str) -> str:
    """The API path of a pod named `POD` or `pod/POD`. Raises CommandError."""
    kind, slash, name = word.partition("/")
    if slash and session.kinds.by_word(kind) is not PODS:
        raise CommandError(f"name a pod: this is of pods, and {kind} has none itself")
    return targets.path(PODS, session.namespace, name if slash else word)


def container(client: Client, pod_path: str, wanted: str) -> str:
    """The container that is meant: the one named, the one annotated, or the first one.

    Says which one it took where there are several, as kubectl does.
    """
    if wanted:
        return wanted
    pod = client.json("GET", pod_path)
    spec = pod["spec"]
    annotated = (pod["metadata"].get("annotations") or {}).get(_DEFAULT)
    names = [str(one["name"]) for one in spec["containers"]]
    if annotated:
        return str(annotated)
    every = [*names, *_others(spec, "ephemeralContainers", "ephem"), *_others(spec)]
    if len(every) > 1:
        click.echo(f'Defaulted container "{names[0]}" out of: {", ".join(every)}', err=True)
    return names[0]


def _others(spec: dict[str, Any], field: str = "initContainers", sort: str = "init") -> list[str]:
    return [f"{one['name']} ({sort})" for one in spec.get(field) or ()]
