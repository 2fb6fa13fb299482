"""`mk8s auth`: who one is to the cluster, and what one may do."""

from __future__ import annotations

from typing import Any

import click

from minikube8s.cli import options
from minikube8s.cli.command import group
from minikube8s.cli.errors import CommandError
from minikube8s.cli.output import printing, tables
from minikube8s.cli.output.escapes import harmless
from minikube8s.cli.session import Session

_API = "/apis/authorization.k8s.io/v1"


@group("auth")
def command() -> None:
    """Tell who you are to the cluster, and what you may do."""


@command.command("whoami")
@click.argument("words", nargs=-1, metavar="")
@click.option("-o", "--output", "form", default="", help="json, yaml or a template.")
@click.pass_obj
def whoami(session: Session, words: tuple[str, ...], form: str) -> None:
    """Show your name, groups and other attributes."""
    from minikube8s.api.resources import SELFSUBJECTREVIEWS

    shown = printing.printer(form) if form else None
    path = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
    review = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    answer = session.client.json("POST", path, review)
    if shown is not None:
        printing.put(shown.text(SELFSUBJECTREVIEWS, answer))
        return
    user = answer.get("status", {}).get("userInfo", {})
    rows = [["Username", user.get("username", "")], ["UID", user.get("uid", "")]]
    rows.append(["Groups", _list(user.get("groups"))])
    rows += [
        [f"Extra: {name}", _list(value)]
        for name, value in sorted((user.get("extra") or {}).items())
    ]
    told = tables.render(["ATTRIBUTE", "VALUE"], [row for row in rows if row[1] not in {"", "[]"}])
    click.echo(harmless(told))


@command.command("can-i")
@click.argument("words", nargs=-1, metavar="VERB [TYPE | TYPE/NAME | /URL]")
@click.option("--list", "listed", is_flag=True, help="Show all that you may do.")
@click.option("-q", "--quiet", is_flag=True, help="Say it by the exit code alone.")
@click.option("--subresource", default="", help="A part of the object, such as log or scale.")
@click.option("--no-headers", is_flag=True, help="Leave the headings of --list out.")
@options.all_namespaces
@click.pass_obj
def can_i(session: Session, /, words: tuple[str, ...], all_namespaces: bool, **given: Any) -> int:
    """Ask whether you may do something: `mk8s auth can-i delete pods -n blue`."""
    namespace = "" if all_namespaces else session.namespace
    if given["listed"]:
        if words:
            raise CommandError("list option must be specified with no arguments")
        _list_rules(session, namespace, headers=not given["no_headers"])
        return 0
    if len(words) != 2:
        raise CommandError(
            "you must specify two arguments: verb resource or verb resource/resourceName.\n"
            "See 'mk8s auth can-i --help' for help and examples."
        )
    from minikube8s.cli.documenting import rights

    question = rights.question(session.kinds, *words, given["subresource"], namespace)
    for warning in question.warnings:
        click.echo(f"Warning: {warning}\n", err=True)
    review = {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview"}
    answer = session.client.json(
        "POST", f"{_API}/selfsubjectaccessreviews", {**review, "spec": question.spec}
    )
    status = answer.get("status") or {}
    if not given["quiet"]:
        click.echo(harmless(rights.verdict(status)))
    return 0 if status.get("allowed") else 1


def _list_rules(session: Session, namespace: str, *, headers: bool) -> None:
    from minikube8s.cli.documenting import rights

    review = {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectRulesReview"}
    spec = {"namespace": namespace or "default"}
    answer = session.client.json(
        "POST", f"{_API}/selfsubjectrulesreviews", {**review, "spec": spec}
    )
    status = answer.get("status") or {}
    if status.get("incomplete"):
        why = status.get("evaluationError") or "the server does not know all of it"
        click.echo(harmless(f"Warning: the list may be incomplete: {why}"), err=True)
    titles = ["Resources", "Non-Resource URLs", "Resource Names", "Verbs"]
    click.echo(harmless(tables.render(titles, rights.rows(status), header=headers)))


def _list(values: Any) -> str:
    return f"[{' '.join(str(value) for value in values or ())}]"
