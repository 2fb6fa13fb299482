"""The options that several verbs share, spelt as kubectl spells them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from minikube8s.cli.command import Implied

F = TypeVar("F", bound=Callable[..., Any])


def all_namespaces(command: F) -> F:
    """`-A/--all-namespaces`."""
    return click.option("-A", "--all-namespaces", is_flag=True, help="Act in every namespace.")(
        command
    )


def selector(command: F) -> F:
    """`-l/--selector` and `--field-selector`."""
    command = click.option("-l", "--selector", default="", help="Label selector, like app=web.")(
        command
    )
    return click.option("--field-selector", default="", help="Field selector, like a.b=c.")(command)


def filenames(command: F) -> F:
    """`-f/--filename` and `-R/--recursive`."""
    command = click.option(
        "-f", "--filename", "filenames", multiple=True, help="File, folder, URL, or - for stdin."
    )(command)
    return click.option("-R", "--recursive", is_flag=True, help="Go into folders' folders.")(
        command
    )


def output(command: F) -> F:
    """`-o/--output` of a verb that changes objects, as ``form``."""
    return click.option(
        "-o", "--output", "form", default="", help="Print the object: json, yaml or name."
    )(command)


def dry_run(command: F) -> F:
    """`--dry-run`, ``none``, ``client`` or ``server``."""
    return click.option(
        "--dry-run",
        cls=Implied,
        implied="client",
        type=click.Choice(["none", "client", "server"]),
        default="none",
        help="client: only say what would be sent; server: let the server try it.",
    )(command)


def field_manager(command: F) -> F:
    """`--field-manager`, the name under which the fields that are written are kept."""
    return click.option(
        "--field-manager", metavar="NAME", default="", help="Who writes, in managedFields."
    )(command)


def record(command: F) -> F:
    """`--record`, deprecated but used everywhere: keep the command line as the cause."""
    return click.option(
        "--record", is_flag=True, help="Keep this line in kubernetes.io/change-cause (deprecated)."
    )(command)


def written(dry_run: str, manager: str) -> dict[str, str]:
    """Query parameters of a write by field manager ``manager``."""
    query = {"fieldManager": manager}
    return query | {"dryRun": "All"} if dry_run == "server" else query


def selectors(selector: str, field_selector: str) -> dict[str, str]:
    """Query parameters for the two selector options."""
    query = {"labelSelector": selector, "fieldSelector": field_selector}
    return {key: value for key, value in query.items() if value}
