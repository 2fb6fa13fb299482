"""Sub-commands of `mk8s config` that show: view, current-context, get-contexts and the like."""

from __future__ import annotations

import json
from typing import Any

import click

from minikube8s.cli.command import verb
from minikube8s.cli.configuring import shown
from minikube8s.cli.errors import CommandError
from minikube8s.cli.kubeconfig.loading import Kubeconfig, load
from minikube8s.cli.output import printing, tables
from minikube8s.cli.session import Session


def loaded(session: Session) -> Kubeconfig:
    """The merged kubeconfig that the call means; a file that is not there is empty."""
    from minikube8s.cli.connection.reaching import sources_of

    return load(sources_of(session.flags))


@verb("view")
@click.option("--minify", is_flag=True, help="Only what the current context uses.")
@click.option("--raw", is_flag=True, help="Show secrets and certificates, too.")
@click.option("--flatten", is_flag=True, help="Take what files hold into the output.")
@click.option("--merge", is_flag=True, default=True, help="Merge all files (the default).")
@click.option("-o", "--output", "form", default="yaml", help="yaml, json or a template.")
@click.pass_obj
def view(session: Session, /, form: str, **given: bool) -> None:
    """Show the kubeconfig, merged from all its files."""
    from minikube8s.api.resources import PODS

    config = loaded(session)
    if not given["merge"]:
        first = load(type(config.sources)(config.sources.paths[:1]))
        config.entries, config.current = first.entries, first.current
    if named := session.flags.get("context"):
        config.current = named
    if given["minify"]:
        shown.minify(config, config.current)
    whole = shown.document(config, raw=given["raw"] or given["flatten"], flat=given["flatten"])
    if form == "json":
        # in the order of the form's definition, unlike objects
        click.echo(json.dumps(whole, indent=4, ensure_ascii=False))
    elif form == "name":
        click.echo("config/<unknown>")
    else:
        # the row is used for the names of objects alone, and a kubeconfig has none
        click.echo(printing.printer(form or "yaml").text(PODS, whole), nl=False)


@verb("current-context")
@click.pass_obj
def current_context(session: Session) -> None:
    """Show which context is current."""
    current = loaded(session).current
    if not current:
        raise CommandError("current-context is not set")
    click.echo(current)


@verb("get-contexts")
@click.argument("names", nargs=-1)
@click.option("--no-headers", is_flag=True, help="Leave the headings out.")
@click.option("-o", "--output", "form", default="", help="name.")
@click.pass_obj
def get_contexts(session: Session, names: tuple[str, ...], no_headers: bool, form: str) -> None:
    """Show all contexts, or some."""
    if form not in {"", "name"}:
        raise CommandError(
            f"--output {form} is not available in mk8s config get-contexts: leave it out, or "
            "-o name"
        )
    config = loaded(session)
    known = config.entries["contexts"]
    chosen = [name for name in sorted(known) if not names or name in names]
    if form == "name":
        for name in chosen:
            click.echo(name)
    else:
        rows = [_row(config, name) for name in chosen]
        headers = ["CURRENT", "NAME", "CLUSTER", "AUTHINFO", "NAMESPACE"]
        if rows or not no_headers:
            click.echo(tables.render(headers, rows, header=not no_headers))
    if missing := [name for name in names if name not in known]:
        raise CommandError("\n".join(f"context {name} not found" for name in missing))


@verb("get-clusters")
@click.argument("names", nargs=-1)
@click.pass_obj
def get_clusters(session: Session, names: tuple[str, ...]) -> None:
    """Show the names of all clusters."""
    _names(loaded(session), "clusters")


@verb("get-users")
@click.argument("names", nargs=-1)
@click.pass_obj
def get_users(session: Session, names: tuple[str, ...]) -> None:
    """Show the names of all users."""
    _names(loaded(session), "users")


def _names(config: Kubeconfig, section: str) -> None:
    click.echo("\n".join(["NAME", *sorted(config.entries[section])]))


def _row(config: Kubeconfig, name: str) -> list[str]:
    context: Any = config.entries["contexts"][name]
    mark = "*" if name == config.current else ""
    return [mark, name, *(context.text(field) for field in ("cluster", "user", "namespace"))]
