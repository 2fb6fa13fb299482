"""`mk8s kubeconfig`: print the cluster's kubeconfig, or merge it into the user's own."""

from __future__ import annotations

import os
from pathlib import Path

import click

from minikube8s.cli.command import verb
from minikube8s.cli.errors import CommandError
from minikube8s.cli.kubeconfig import writing
from minikube8s.cli.session import Session
from minikube8s.cluster import kubeconfig
from minikube8s.cluster.errors import ClusterError


@verb("kubeconfig")
@click.option("--merge", is_flag=True, help="Merge it into ~/.kube/config and make it current.")
@click.pass_obj
def command(session: Session, merge: bool) -> None:
    """Print the administrator's kubeconfig; nothing of yours changes without --merge."""
    import yaml

    home = session.home
    try:
        ours = kubeconfig.build(home, home.load())
        if not merge:
            click.echo(yaml.safe_dump(ours, sort_keys=False), nl=False)
            return
        first = os.environ.get("KUBECONFIG", "").split(os.pathsep)[0]
        path = Path(first) if first else Path.home() / ".kube" / "config"
        writing.change(
            path, lambda known: known.update(kubeconfig.merged(known, ours)), private=True
        )
    except FileNotFoundError as error:
        raise CommandError(f"{error.filename} is missing: run `mk8s up` first.") from None
    except ClusterError as error:
        raise CommandError(str(error)) from None
    click.echo(f"context {ours['current-context']!r} is in {path} and current")
