"""Owns what apply prints: a line an object as it is done, or all of them at the end."""

from __future__ import annotations

import click

from minikube8s.cli.applying.clientside import Done
from minikube8s.cli.output import printing


class Report:
    """Tells what was done; ``form`` and ``dry_run`` are what -o and --dry-run say."""

    def __init__(self, form: str, dry_run: str, *, managers: bool = False) -> None:
        self._form = form
        self._printer = printing.printer(form, managers=managers) if form else None
        self._dry_run = dry_run
        self._done: list[Done] = []

    def tell(self, done: Done) -> None:
        """Say what became of one object."""
        if done.warning:
            click.echo(done.warning, err=True)
        if self._form in {"", "name"}:
            printing.tell(self._form, done.item.resource, done.obj, done.what, self._dry_run)
        else:
            self._done.append(done)

    def end(self) -> None:
        """Print the objects themselves where that is the form."""
        if not self._done or self._printer is None:
            return
        whole = self._done[0].obj
        if len(self._done) > 1:
            objects = [done.obj for done in self._done]
            whole = {"kind": "List", "apiVersion": "v1", "metadata": {}, "items": objects}
        printing.put(self._printer.text(self._done[0].item.resource, whole))
