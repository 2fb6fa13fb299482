"""`mk8s certificate`: decide about requests for certificates."""

from __future__ import annotations

from typing import Any

import click

from minikube8s.api.resources import CERTIFICATESIGNINGREQUESTS
from minikube8s.cli import options
from minikube8s.cli.applying import patching
from minikube8s.cli.changing import chosen
from minikube8s.cli.changing.chosen import Chosen
from minikube8s.cli.command import group
from minikube8s.cli.connection.client import ApiFailure
from minikube8s.cli.errors import CommandError
from minikube8s.cli.output import printing
from minikube8s.cli.session import Session

_OTHERS = {"Approved": "Denied", "Denied": "Approved"}
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
        condition = {
            "type": type_,
            "status": "True",
            "reason": f"Mk8s{word.capitalize()}",
            "message": f"This CSR was {type_.lower()} by mk8s certificate {word}.",
            "lastUpdateTime": now_rfc3339(datetime.now(UTC)),
        }
        after = _decided(session, one, condition, force=given["force"])
        printing.tell(given["form"], one.resource, after, type_.lower(), managers=given["managers"])

    words = ("certificatesigningrequests", *names) if names else ()
    chosen.for_each(session, words, given, act)


def _decided(session: Session, one: Chosen, condition: dict[str, Any], *, force: bool) -> Any:
    """The request once it has the condition; one that is decided already is left as it is."""
    obj, other = one.obj, _OTHERS[condition["type"]]
    for attempt in range(patching.CONFLICTS + 1):
        status = obj.get("status") or {}
        present = status.get("conditions") or []
        types = {known.get("type") for known in present}
        if other in types:
            raise CommandError(f'certificate signing request "{one.name}" is already {other}')
        if condition["type"] in types and not force:
            break
        kept = [known for known in present if known.get("type") != condition["type"]]
        wanted = {**obj, "status": {**status, "conditions": [*kept, condition]}}
        try:
            return session.client.json("PUT", f"{one.path}/approval", wanted)
        except ApiFailure as failure:
            if failure.reason != "Conflict" or attempt == patching.CONFLICTS:
                raise
            obj = session.client.json("GET", one.path)
    return obj
