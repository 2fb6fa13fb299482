"""`mk8s annotate`: set annotations, and take them away."""

from __future__ import annotations

from typing import Any

import click

from minikube8s.cli.changing import marking
from minikube8s.cli.command import verb
from minikube8s.cli.session import Session


@verb("annotate")
@marking.WORDS
@marking.flags
@click.pass_obj
def command(session: Session, /, words: tuple[str, ...], **given: Any) -> None:
    """Set and remove annotations: `mk8s annotate deploy/web team=shop old-`."""
    marking.mark(session, "annotation", words, given)
