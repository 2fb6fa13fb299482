"""`mk8s api-versions`: the groups and versions that the cluster serves."""

from __future__ import annotations

import click

from minikube8s.cli.command import verb
from minikube8s.cli.naming.discovering import group_versions
from minikube8s.cli.output.escapes import harmless
from minikube8s.cli.session import Session


@verb("api-versions")
@click.pass_obj
def command(session: Session) -> None:
    """Show every API version, as group/version."""
    click.echo(harmless("\n".join(group_versions(session.client))))
