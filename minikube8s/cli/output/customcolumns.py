"""``-o custom-columns``: columns of one's own, each a JSONPath. Pure.

https://kubernetes.io/docs/reference/kubectl/#custom-columns
"""

from __future__ import annotations

import re
from typing import Any

from minikube8s.cli.errors import CommandError
from minikube8s.cli.output import tables
from minikube8s.cli.output.escapes import harmless
from minikube8s.cli.output.jsonpath import JsonPathError, Template, relaxed, wording


class Columns:
    """Headings and where their values are found; columns never get narrower."""

    def __init__(self, columns: list[tuple[str, str]]) -> None:
        self._names = [name for name, _ in columns]
        self._templates = [_template(path) for _, path in columns]
        self._layout = tables.Layout()

    @classmethod
    def of_spec(cls, spec: str) -> Columns:
        """Those of ``NAME:.metadata.name,APP:.metadata.labels.app``. Raises CommandError."""
        columns = []
        for part in re.split(r",(?![^\[]*\])", spec):
            name, colon, path = part.partition(":")
            if not colon:
                raise CommandError(
                    f"unexpected custom-columns spec: {part}, expected <header>:<json-path-expr>"
                )
            columns.append((name, path))
        return cls(columns)

    @classmethod
    def of_file(cls, text: str) -> Columns:
        """Those of a template file: a line of headings, a line of paths. Raises CommandError."""
        names, _, rest = text.partition("\n")
        paths = rest.partition("\n")[0].split()
        if len(names.split()) != len(paths):
            raise CommandError(
                f"number of headers ({len(names.split())}) and field specifications "
                f"({len(paths)}) don't match"
            )
        return cls(list(zip(names.split(), paths, strict=True)))

    def text(self, obj: dict[str, Any], *, header: bool) -> str:
        """The rows of an object, or of a List's items, and above them the headings."""
        items = obj["items"] if "items" in obj and "metadata" in obj else [obj]
        rows = [self._names] if header else []
        rows += [[_cell(template, item) for template in self._templates] for item in items]
        return "".join(f"{line}\n" for line in self._layout.lines(rows))


def _template(path: str) -> Template | None:
    try:
        return relaxed(path) if path else None
    except JsonPathError as error:
        raise CommandError(str(error)) from None


def _cell(template: Template | None, obj: dict[str, Any]) -> str:
    try:
        found = template.find(obj) if template else []
    except JsonPathError as error:
        raise CommandError(str(error)) from None
    shown = ("<nil>" if value is None else wording.plain(value) for value in found)
    return harmless(",".join(shown)) or "<none>"
