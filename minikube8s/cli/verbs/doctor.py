"""`mk8s doctor`: what would keep a cluster from starting, or spoils something, and what to do."""

from __future__ import annotations

import os

import click

from minikube8s.cli.command import verb
from minikube8s.cli.errors import CommandError
from minikube8s.cli.output.escapes import harmless
from minikube8s.cli.output.printing import structured
from minikube8s.cli.output.styles import paint
from minikube8s.cli.session import Session
from minikube8s.cluster import doctor
from minikube8s.cluster.checkup import preflight
from minikube8s.cluster.checkup.findings import Mark
from minikube8s.cluster.config import Home, Settings
from minikube8s.cluster.errors import ClusterError
from minikube8s.cluster.membership import joined
from minikube8s.cluster.resolving import resolve

_COLOURS = {Mark.FINE: "green", Mark.DOUBT: "yellow", Mark.FAULT: "red"}


@verb("doctor")
@click.option("-o", "--output", "form", type=click.Choice(["json", "yaml"]), help="For programs.")
@click.pass_obj
def command(session: Session, form: str | None) -> None:
    """Check this machine, and the cluster that runs here: a line each, which says what to do.

    ✓ is fine, ! spoils something, ✗ keeps the cluster from starting: exit code 1. As JSON each
    finding has its check, a state (ok, warn or fail) and a message.
    """
    found = []
    try:
        # without it neither the kernel nor a cluster's files can be looked at
        preflight.require_root("doctor")
        for finding in doctor.examine(session.home, settings_here(session.home)):
            found.append(finding)
            if not form:
                mark = paint(_COLOURS[finding.mark], finding.mark.value)
                click.echo(f"{mark} {harmless(finding.text)}")
    except ClusterError as error:
        raise CommandError(str(error)) from None
    if form:
        click.echo(structured(form, {"findings": [finding.shape() for finding in found]}))
    if any(finding.mark is Mark.FAULT for finding in found):
        raise click.exceptions.Exit(1)


def settings_here(home: Home) -> Settings:
    """The settings of the cluster in ``home``, joined ones too, or of one made now."""
    known = joined.load(home) if home.is_joined() else None
    return joined.settings(known) if known else resolve(home, {}, os.environ)
