"""The options that several verbs share, spelt as kubectl spells them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


def namespace(command: F) -> F:
    """`-n/--namespace`."""
    return click.option("-n", "--namespace", default="default", help="The namespace to act in.")(
        command
    )


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


def selectors(selector: str, field_selector: str) -> dict[str, str]:
    """Query parameters for the two selector options."""
    query = {"labelSelector": selector, "fieldSelector": field_selector}
    return {key: value for key, value in query.items() if value}
