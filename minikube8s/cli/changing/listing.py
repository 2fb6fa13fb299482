"""`set env --list`, and `set env --from`: what the cluster's ConfigMaps and Secrets hold."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

import click

from minikube8s.api.resources import CONFIGMAPS, SECRETS
from minikube8s.cli.changing import environment, templates
from minikube8s.cli.changing.chosen import Chosen
from minikube8s.cli.changing.environment import Variable
from minikube8s.cli.connection.client import ApiFailure
from minikube8s.cli.errors import CommandError
from minikube8s.cli.naming import targets
from minikube8s.cli.output.escapes import harmless
from minikube8s.cli.session import Session

_KINDS = {"configmap": CONFIGMAPS, "secret": SECRETS}


def imported(session: Session, source: str, keys: Sequence[str], prefix: str) -> list[Variable]:
    """Variables for what a ConfigMap or Secret holds. Raises CommandError for other kinds."""
    target = targets.one(session.kinds, [source])
    if target.resource not in _KINDS.values():
        raise CommandError(
            "unsupported resource specified in --from: use configmap/NAME or secret/NAME"
        )
    path = targets.path(target.resource, session.namespace, target.name)
    found = {"kind": target.resource.kind} | session.client.json("GET", path)
    wanted = [key for word in keys for key in word.split(",")]
    variables, renamed = environment.of_source(found, wanted, prefix)
    for text in renamed:
        click.echo(f"Warning: {text}", err=True)
    return variables


def show(
    session: Session, one: Chosen, wanted: dict[str, Any], pattern: str, *, resolve: bool
) -> None:
    """Print the variables of the containers; ``resolve``: with what references stand for."""
    known: dict[tuple[str, str], dict[str, str]] = {}

    def value(container: Variable, variable: Variable) -> str | None:
        """What a reference stands for; None for what is none. Raises CommandError."""
        source = variable.get("valueFrom") or {}
        found = environment.reference(variable)
        if found:
            kind, name, key = found
            if (kind, name) not in known:
                known[kind, name] = _content(session, one, kind, name)
            if key not in known[kind, name]:
                raise CommandError(f"key {key} not found in {kind} {name}", prefix="")
            return known[kind, name][key]
        if "resourceFieldRef" in source:
            return environment.resource_value(wanted, container, source["resourceFieldRef"])
        if "fieldRef" in source:
            text = environment.field_value(wanted, source["fieldRef"]["fieldPath"])
            if text is None:
                raise CommandError("only the pods themselves know it", prefix="")
            return text
        return None

    for container in templates.containers(wanted, pattern):
        click.echo(f"# {one.resource.kind} {one.name}, container {container['name']}")
        for variable in container.get("env") or ():
            line = environment.line(variable)
            try:
                text = value(container, variable) if resolve else None
                line = line if text is None else f"{variable['name']}={text}"
            except CommandError as error:
                why = error.status.get("message") if isinstance(error, ApiFailure) else str(error)
                click.echo(f"error retrieving reference for {variable['name']}: {why}", err=True)
            click.echo(harmless(line))


def _content(session: Session, one: Chosen, kind: str, name: str) -> dict[str, str]:
    path = targets.path(_KINDS[kind], one.namespace, name)
    data: dict[str, str] = session.client.json("GET", path).get("data") or {}
    if kind == "configmap":
        return data
    return {key: base64.b64decode(text).decode(errors="replace") for key, text in data.items()}
