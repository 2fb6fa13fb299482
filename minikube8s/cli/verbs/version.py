"""`mk8s version`: which Kubernetes this program and the cluster are."""

from __future__ import annotations

import json
import string
from typing import Any

import click

from minikube8s.cli.command import verb
from minikube8s.cli.errors import CommandError
from minikube8s.cli.output.escapes import harmless
from minikube8s.cli.session import Session

_SKEW = 1


@verb("version")
@click.option("--client", "alone", is_flag=True, help="Only this program's; no cluster is asked.")
@click.option("-o", "--output", "form", default="", help="yaml or json.")
@click.pass_obj
def command(session: Session, alone: bool, form: str) -> None:
    """Show the version of this program and of the cluster's API."""
    from minikube8s.api.release import version_document

    if form not in {"", "yaml", "json"}:
        raise CommandError("--output must be 'yaml' or 'json'")
    told: dict[str, Any] = {"clientVersion": version_document()}
    failure = None
    if not alone:
        try:
            told["serverVersion"] = session.client.json("GET", "/version")
        except CommandError as error:
            failure = error
    if form == "json":
        click.echo(json.dumps(told, indent=2))
    elif form == "yaml":
        from minikube8s.cli.output import yamltext

        # as kubectl does, with an empty line behind it
        click.echo(yamltext.dump(told))
    else:
        for name, version in told.items():
            title, number = name.removesuffix("Version").title(), version.get("gitVersion") or ""
            click.echo(harmless(f"{title} Version: {number}"))
    if failure is not None:
        raise failure
    if warning := skew(told["clientVersion"], told.get("serverVersion")):
        click.echo(harmless(warning), err=True)


def skew(ours: dict[str, str], theirs: dict[str, str] | None) -> str:
    """A warning where the server is further from us than is promised to work, else nothing."""
    if theirs is None:
        return ""
    digits = "".join(char for char in str(theirs.get("minor") or "") if char in string.digits)
    if not digits or abs(int(digits) - int(ours["minor"])) <= _SKEW:
        return ""
    return (
        f"WARNING: version difference between client ({ours['major']}.{ours['minor']}) and server "
        f"({theirs.get('major')}.{digits}) exceeds the supported minor version skew of +/-{_SKEW}"
    )
