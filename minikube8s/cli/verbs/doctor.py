"""`mk8s doctor`: what would keep a cluster from starting, or spoils something, and what to do."""

from __future__ import annotations

import os

import click

from minikube8s.cli.command import verb
from minikube8s.cli.errors import CommandError
from minikube8s.cli.session import Session
from minikube8s.cluster import doctor, joined, preflight
from minikube8s.cluster.config import Home, Settings, resolve
from minikube8s.cluster.errors import ClusterError
from minikube8s.cluster.findings import Mark


@verb("doctor")
@click.pass_obj
def command(session: Session) -> None:
    """Check this machine, and what runs of a cluster: one line each, which says what to do.

    ✓ is fine, ! spoils something, ✗ keeps the cluster from starting: exit code 1.
    """
    home = session.home
    try:
        # without it neither the kernel nor a cluster's files can be looked at
        preflight.require_root("doctor")
        settings = _settings(home)
        faults = 0
        for finding in doctor.examine(home, settings):
            click.echo(f"{finding.mark.value} {finding.text}")
            faults += finding.mark is Mark.FAULT
    except ClusterError as error:
        raise CommandError(str(error)) from None
    if faults:
        raise click.exceptions.Exit(1)


def _settings(home: Home) -> Settings:
    known = joined.load(home) if home.is_joined() else None
    return joined.settings(known) if known else resolve(home, {}, os.environ)
