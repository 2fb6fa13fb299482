"""Owns output forms: tables as the server gives them, and -o wide, json, yaml, name."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import click

from minikube8s.api.resources import Resource
from minikube8s.cli import tables
from minikube8s.cli.errors import CommandError
from minikube8s.cli.escapes import harmless

FORMS = ("", "wide", "json", "yaml", "name")
_DRY_RUNS = {"none": "", "client": " (dry run)", "server": " (server dry run)"}
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"


def check_form(form: str) -> None:
    """Raise CommandError for an output form that does not exist."""
    if form not in FORMS:
        raise CommandError(
            f"unable to match a printer suitable for the output format {form!r}, allowed formats "
            "are: json, name, wide, yaml"
        )


def structured(form: str, content: dict[str, Any]) -> str:
    """``content`` as ``json`` or ``yaml`` text."""
    if form == "json":
        return json.dumps(content, indent=4, ensure_ascii=False)
    import yaml

    dumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    text: str = yaml.dump(
        content, Dumper=dumper, sort_keys=True, allow_unicode=True, default_flow_style=False
    )
    return text.rstrip("\n")


def without_managers(obj: dict[str, Any]) -> dict[str, Any]:
    """Return ``obj`` without the record of who wrote which field: few readers want it."""
    metadata = {k: v for k, v in obj.get("metadata", {}).items() if k != "managedFields"}
    return {**obj, "metadata": metadata}


def name_of(resource: Resource, obj: dict[str, Any]) -> str:
    """`pod/x`, `deployment.apps/y`: an object as kubectl names it."""
    group = f".{resource.group}" if resource.group else ""
    return f"{resource.singular}{group}/{obj['metadata']['name']}"


def tell(
    form: str, resource: Resource, obj: dict[str, Any], operation: str, dry_run: str = "none"
) -> None:
    """Print what a changing verb did: `pod/x deleted`, or the object in ``form``."""
    if form in {"json", "yaml"}:
        click.echo(structured(form, without_managers(obj)))
    elif form == "name":
        click.echo(name_of(resource, obj))
    else:
        click.echo(f"{name_of(resource, obj)} {operation}{_DRY_RUNS[dry_run]}")


class TablePrinter:
    """Prints Tables of one kind, or the rows of a watch as they come."""

    def __init__(
        self, *, wide: bool, namespaces: bool, headers: bool, prefix: str = "", labels: bool = False
    ) -> None:
        self._wide = wide
        self._namespaces = namespaces
        self._headers = headers
        self._prefix = prefix
        self._labels = labels
        self._columns: list[dict[str, Any]] = []
        self._widths: list[int] = []

    def text(self, table: dict[str, Any]) -> str:
        """One whole Table as text."""
        self._learn(table)
        rows = [self._cells(row) for row in table.get("rows") or []]
        return tables.render(self._names(), rows, header=self._headers)

    def follow(self, table: dict[str, Any]) -> Iterable[str]:
        """The lines for a watch's frame: columns keep the width that they first had."""
        first = not self._columns
        self._learn(table)
        rows = [self._cells(row) for row in table.get("rows") or []]
        lines = [self._names(), *rows] if first and self._headers else rows
        if first:
            self._widths = [max(len(line[i]) for line in lines) for i in range(len(self._names()))]
        for line in lines:
            yield "   ".join(
                cell.ljust(width) for cell, width in zip(line, self._widths, strict=True)
            ).rstrip()

    def _learn(self, table: dict[str, Any]) -> None:
        if table.get("columnDefinitions"):
            self._columns = table["columnDefinitions"]

    def _shown(self) -> list[int]:
        return [
            index
            for index, column in enumerate(self._columns)
            if self._wide or not column.get("priority")
        ]

    def _names(self) -> list[str]:
        names = [self._columns[index]["name"].upper() for index in self._shown()]
        return (["NAMESPACE"] if self._namespaces else []) + names + ["LABELS"] * self._labels

    def _cells(self, row: dict[str, Any]) -> list[str]:
        shown = (row["cells"][index] for index in self._shown())
        cells = ["<none>" if cell is None else harmless(str(cell)) for cell in shown]
        if self._prefix:
            cells[0] = f"{self._prefix}/{cells[0]}"
        metadata = (row.get("object") or {}).get("metadata") or {}
        if self._namespaces:
            cells.insert(0, metadata.get("namespace", ""))
        if self._labels:
            labels = metadata.get("labels") or {}
            cells.append(",".join(f"{k}={v}" for k, v in sorted(labels.items())) or "<none>")
        return cells
