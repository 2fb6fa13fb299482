"""`mk8s label`: set labels, and take them away."""

from __future__ import annotations

from typing import Any

import click

from minikube8s.cli.changing import marking
from minikube8s.cli.command import verb
from minikube8s.cli.session import Session


@verb("label")
@marking.WORDS
@marking.flags
@click.pass_obj
def command(session: Session, /, words: tuple[str, ...], **given: Any) -> None:
    """Set and remove labels: `mk8s label pod/web tier=front old-`."""
    marking.mark(session, "label", words, given)
