"""Owns how several failures of one call are told: each in a line, and the exit code says so."""

from __future__ import annotations

from collections.abc import Sequence

import click

from minikube8s.cli.connection.client import ApiFailure
from minikube8s.cli.errors import CommandError
from minikube8s.cli.output.escapes import harmless


def raise_all(failures: Sequence[CommandError]) -> None:
    """Raise the only one of ``failures``, or tell all and raise; nothing when there are none."""
    if len(failures) == 1:
        raise failures[0]
    for failure in failures[:-1]:
        click.echo(_plain(failure), err=True)
    if failures:
        raise CommandError(_plain(failures[-1]), failures[-1].code, prefix="")


def _plain(failure: CommandError) -> str:
    """One of several: with the file that it is about, which a lone Invalid leaves out."""
    if isinstance(failure, ApiFailure) and failure.reason == "Invalid":
        return harmless(f"Error from server (Invalid): {failure.status.get('message')}")
    return harmless(str(failure))
