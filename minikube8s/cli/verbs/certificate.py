"""`mk8s certificate`: decide about requests for certificates."""

from __future__ import annotations

from typing import Any

import click

from minikube8s.api.resources import CERTIFICATESIGNINGREQUESTS
from minikube8s.cli import options
from minikube8s.cli.changing import chosen
from minikube8s.cli.changing.chosen import Chosen
from minikube8s.cli.command import group
from minikube8s.cli.errors import CommandError
from minikube8s.cli.output import printing
from minikube8s.cli.session import Session

_NAMES = click.argument("names", nargs=-1, metavar="NAME ...")
_FORCE = click.option("--force", is_flag=True, help="Also where it is decided already.")


@group("certificate")
def command() -> None:
    """Decide about requests for certificates."""


@command.command("approve")
@_NAMES
@_FORCE
@options.output
@options.managed_fields
@options.filenames
@click.pass_obj
def approve(session: Session, /, names: tuple[str, ...], **given: Any) -> None:
    """Grant what a request asks for: `mk8s certificate approve jo`."""
    _decide(session, names, given, "Approved", "approve")


@command.command("deny")
@_NAMES
@_FORCE
@options.output
@options.managed_fields
@options.filenames
@click.pass_obj
def deny(session: Session, /, names: tuple[str, ...], **given: Any) -> None:
    """Refuse what a request asks for: `mk8s certificate deny jo`."""
    _decide(session, names, given, "Denied", "deny")


def _decide(
    session: Session, names: tuple[str, ...], given: dict[str, Any], type_: str, word: str
) -> None:
    from datetime import UTC, datetime

    from minikube8s.api.times import now_rfc3339

    printing.check_form(given["form"])
    if not names and not given["filenames"]:
        raise CommandError("one or more CSRs must be specified as <name> or -f <filename>")

    def act(one: Chosen) -> None:
        if one.resource is not CERTIFICATESIGNINGREQUESTS:
            raise CommandError(f"{one} is no CertificateSigningRequest")
        status = one.obj.get("status") or {}
        conditions = [c for c in status.get("conditions") or () if c.get("type") != type_]
        decided = len(conditions) != len(status.get("conditions") or ())
        after = one.obj
        if not decided or given["force"]:
            condition = {
                "type": type_,
                "status": "True",
                "reason": f"Mk8s{word.capitalize()}",
                "message": f"This CSR was {type_.lower()} by mk8s certificate {word}.",
                "lastUpdateTime": now_rfc3339(datetime.now(UTC)),
            }
            wanted = {**one.obj, "status": {**status, "conditions": [*conditions, condition]}}
            after = session.client.json("PUT", f"{one.path}/approval", wanted)
        printing.tell(given["form"], one.resource, after, type_.lower(), managers=given["managers"])

    words = ("certificatesigningrequests", *names) if names else ()
    chosen.for_each(session, words, given, act)
