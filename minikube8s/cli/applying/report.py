"""Owns what apply prints: a line an object as it is done, or all of them at the end."""

from __future__ import annotations

from typing import Any

import click

from minikube8s.cli import printing
from minikube8s.cli.applying.clientside import Done


class Report:
    """Tells what was done; ``form`` and ``dry_run`` are what -o and --dry-run say."""

    def __init__(self, form: str, dry_run: str, *, managers: bool = False) -> None:
        printing.check_form(form)
        self._form = form
        self._dry_run = dry_run
        self._managers = managers
        self._objects: list[dict[str, Any]] = []

    def tell(self, done: Done) -> None:
        """Say what became of one object."""
        if done.warning:
            click.echo(done.warning, err=True)
        if self._form in {"", "name"}:
            printing.tell(self._form, done.item.resource, done.obj, done.what, self._dry_run)
        else:
            obj = done.obj if self._managers else printing.without_managers(done.obj)
            self._objects.append(obj)

    def end(self) -> None:
        """Print the objects themselves where that is the form."""
        if not self._objects:
            return
        whole = self._objects[0]
        if len(self._objects) > 1:
            whole = {"apiVersion": "v1", "kind": "List", "metadata": {}, "items": self._objects}
        click.echo(printing.structured(self._form, whole))
