"""Finding nodes, and closing them for new pods or opening them again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from minikube8s.api.resources import NODES
from minikube8s.cli import options
from minikube8s.cli.changing import patching
from minikube8s.cli.changing.chosen import Chosen, of
from minikube8s.cli.connection.client import ApiFailure, Unreachable
from minikube8s.cli.errors import CommandError
from minikube8s.cli.failures import raise_all
from minikube8s.cli.naming import nearest, targets
from minikube8s.cli.output import printing
from minikube8s.cli.session import Session


def nodes(session: Session, verb: str, words: Sequence[str], selector: str) -> list[Chosen]:
    """The nodes that the line names; nothing is done where one of them is not there."""
    if words and selector:
        raise CommandError("cannot specify both a node name and a --selector option")
    if not words and not selector:
        raise CommandError(f"USAGE: {verb} NODE [flags]: name the nodes, or choose them with -l")
    if selector:
        query = options.selectors(selector, "")
        answer = session.client.json("GET", targets.path(NODES, None), query=query)
        return [of(node, NODES, "") for node in answer.get("items") or ()]
    names = [word.partition("/")[2] or word for word in words]
    if not all(names):
        raise CommandError("resource name may not be empty")
    return [of(_read(session, name), NODES, "") for name in names]


def _read(session: Session, name: str) -> dict[str, Any]:
    try:
        return session.client.json("GET", targets.path(NODES, None, name))
    except ApiFailure as failure:
        raise nearest.hinted(session.client, failure, NODES, None, name) from None


def mark_all(session: Session, nodes: Sequence[Chosen], dry_run: str, *, closed: bool) -> None:
    """Close the nodes, or open them; each that cannot be is told. Raises CommandError."""
    failures: list[CommandError] = []
    for node in nodes:
        try:
            mark(session, node, dry_run, closed=closed)
        except CommandError as error:
            failures.append(error)
            if isinstance(error, Unreachable):
                break
    raise_all(failures)


def mark(session: Session, node: Chosen, dry_run: str, *, closed: bool) -> None:
    """Close the node, or open it, and tell of it."""
    word = "cordoned" if closed else "uncordoned"
    before = node.obj.get("spec") or {}
    if bool(before.get("unschedulable")) == closed:
        printing.tell("", NODES, node.obj, f"already {word}", dry_run)
        return
    spec: dict[str, Any] = {k: v for k, v in before.items() if k != "unschedulable"}
    wanted = {**node.obj, "spec": spec | ({"unschedulable": True} if closed else {})}
    patching.written(session, node, wanted, dry_run, f"kubectl-{word.removesuffix('ed')}")
    printing.tell("", NODES, node.obj, word, dry_run)
