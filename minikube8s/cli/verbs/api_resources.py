"""`mk8s api-resources`: the kinds that the cluster knows."""

from __future__ import annotations

import click

from minikube8s.api.resources import RESOURCES
from minikube8s.cli import tables
from minikube8s.cli.command import verb


@verb("api-resources")
@click.option("--namespaced", type=bool, default=None, help="Only kinds that are (not) namespaced.")
@click.option("--no-headers", is_flag=True, help="Leave the headings out.")
def command(namespaced: bool | None, no_headers: bool) -> None:
    """Show every kind: its names, short names, group and scope."""
    rows = [
        [
            row.plural,
            ",".join(row.short_names),
            row.api_version,
            str(row.namespaced).lower(),
            row.kind,
        ]
        for row in sorted(RESOURCES.preferred(), key=lambda row: (row.group, row.plural))
        if namespaced is None or row.namespaced is namespaced
    ]
    headers = ["NAME", "SHORTNAMES", "APIVERSION", "NAMESPACED", "KIND"]
    click.echo(tables.render(headers, rows, header=not no_headers))
