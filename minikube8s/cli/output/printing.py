"""Owns the forms of ``-o``: json, yaml, name, templates, own columns; and one-line results."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import click

from minikube8s.api.resources import Resource
from minikube8s.cli.errors import CommandError
from minikube8s.cli.output.escapes import harmless

Object = dict[str, Any]

_TEMPLATES = (
    "go-template", "go-template-file", "json", "jsonpath", "jsonpath-as-json", "jsonpath-file",
    "name", "template", "templatefile", "yaml",
)  # fmt: skip
_GO = ("go-template", "go-template-file", "template", "templatefile")
_COLUMNS = ("custom-columns", "custom-columns-file")
DRY_RUNS = {"none": "", "client": " (dry run)", "server": " (server dry run)"}
"""What a changing verb's line ends with, by what --dry-run says."""
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"


class Printer:
    """One form: what it prints for an object, to the letter, is ``text(resource, obj)``."""

    def __init__(
        self, form: str, text: Callable[[Resource, Object], str], *, managers: bool
    ) -> None:
        self.form = form
        self._text = text
        self._managers = managers

    def text(self, resource: Resource, obj: Object) -> str:
        """``obj`` in this form, with its final newline if the form has one. Raises CommandError."""
        return self._text(resource, obj if self._managers else without_managers(obj))


def printer(
    form: str, *, template: str = "", headers: bool = True, managers: bool = False,
    tables: bool = False,
) -> Printer:  # fmt: skip
    """The printer of ``-o form``; ``template`` is what ``--template`` says.

    ``headers`` are those of custom columns; ``managers`` shows managedFields; a verb that prints
    ``tables`` has more forms to choose from. Raises CommandError for what is no form, and for a
    template that is none.
    """
    kind, equals, argument = form.partition("=")
    argument = argument if equals else template
    if kind == "json":
        return Printer(kind, lambda _, obj: _json(obj), managers=managers)
    if kind == "yaml":
        return Printer(kind, _Documents(), managers=managers)
    if kind == "name":
        return Printer(kind, lambda resource, obj: name_of(resource, obj) + "\n", managers=True)
    if kind in _COLUMNS and tables:
        return Printer(kind, _own_columns(kind, argument, headers), managers=managers)
    if kind.startswith("jsonpath") and kind in _TEMPLATES:
        return Printer(kind, _jsonpath(kind, argument), managers=True)
    if kind in _GO:
        return Printer(kind, _go_template(kind, argument), managers=True)
    raise _unknown(kind, tables)


def check_form(form: str, *, tables: bool = False) -> None:
    """Raise CommandError for an output form that does not exist, or whose template is none."""
    if form and not (tables and form == "wide"):
        printer(form, tables=tables)


def structured(form: str, content: Object) -> str:
    """``content`` as ``json`` or ``yaml`` text, without a final newline."""
    text = _json(content) if form == "json" else _yaml(content)
    return text.rstrip("\n")


def without_managers(obj: Object) -> Object:
    """Return ``obj`` without the record of who wrote which field: few readers want it.

    Of a List, each of its items.
    """
    if "items" in obj and "metadata" in obj:
        return {**obj, "items": [without_managers(item) for item in obj["items"]]}
    metadata = obj.get("metadata")
    if not metadata or "managedFields" not in metadata:
        return obj
    return {**obj, "metadata": {k: v for k, v in metadata.items() if k != "managedFields"}}


def put(text: str) -> None:
    """Print what a printer made: to the letter, but on a terminal nothing in it may steer that."""
    sys.stdout.write(harmless(text) if sys.stdout.isatty() else text)
    sys.stdout.flush()


def name_of(resource: Resource, obj: Object) -> str:
    """`pod/x`, `deployment.apps/y`: an object as kubectl names it."""
    return f"{prefix_of(resource)}/{obj['metadata']['name']}"


def prefix_of(resource: Resource) -> str:
    """`pod`, `deployment.apps`: what stands before names of objects of several kinds."""
    return f"{resource.singular}.{resource.group}" if resource.group else resource.singular


def listed(objects: list[Object]) -> Object:
    """Several objects as one List, as `get` prints them."""
    return {
        "apiVersion": "v1",
        "items": objects,
        "kind": "List",
        "metadata": {"resourceVersion": ""},
    }


def tell(
    form: str,
    resource: Resource,
    obj: Object,
    operation: str,
    dry_run: str = "none",
    *,
    managers: bool = False,
) -> None:
    """Print what a changing verb did: `pod/x deleted`, or the object in ``form``."""
    if form:
        put(_told(form, managers).text(resource, obj))
    else:
        click.echo(f"{name_of(resource, obj)} {operation}{DRY_RUNS[dry_run]}")


@lru_cache(1)
def _told(form: str, managers: bool) -> Printer:
    """The one printer of a changing verb: YAML of several objects is parted by `---`."""
    return printer(form, managers=managers)


class _Documents:
    """YAML, one document an object."""

    def __init__(self) -> None:
        self._lead = ""

    def __call__(self, _: Resource, obj: Object) -> str:
        lead, self._lead = self._lead, "---\n"
        return lead + _yaml(obj)


def _json(content: Object) -> str:
    from minikube8s.cli.output.jsonpath import wording

    return wording.indented(content) + "\n"


def _yaml(content: Object) -> str:
    from minikube8s.cli.output import yamltext

    return yamltext.dump(content)


def _jsonpath(kind: str, argument: str) -> Callable[[Resource, Object], str]:
    from minikube8s.cli.output.jsonpath import JsonPathError, Template, wording

    if not argument:
        raise CommandError("template format specified but no template given")
    text = _file(argument, "--template ") if kind.endswith("-file") else argument
    try:
        template = Template(text)
    except JsonPathError as error:
        raise CommandError(f"error parsing jsonpath {text}, {error}") from None
    filled = template.json if kind == "jsonpath-as-json" else template.text

    def fill(_: Resource, obj: Object) -> str:
        try:
            return filled(obj)
        except JsonPathError as error:
            raise CommandError(
                f"error executing jsonpath {wording.compact(text)}: Error executing template: "
                f"{error}"
            ) from None

    return fill


def _go_template(kind: str, argument: str) -> Callable[[Resource, Object], str]:
    from minikube8s.cli.output.gotemplate import GoTemplate, TemplateError
    from minikube8s.cli.output.jsonpath import wording

    if not argument:
        raise CommandError("template format specified but no template given")
    text = _file(argument, "--template ") if kind.endswith("file") else argument
    try:
        template = GoTemplate(text)
    except TemplateError as error:
        raise CommandError(f"error parsing template {text}, {error}") from None

    def fill(_: Resource, obj: Object) -> str:
        try:
            return template.text(obj)
        except TemplateError as error:
            shown = wording.compact(text)
            raise CommandError(f"error executing template {shown}: {error}") from None

    return fill


def _own_columns(kind: str, argument: str, headers: bool) -> Callable[[Resource, Object], str]:
    from minikube8s.cli.output.customcolumns import Columns

    if not argument:
        raise CommandError("custom-columns format specified but no custom columns given")
    if kind == "custom-columns-file":
        columns = Columns.of_file(_file(argument, "template "))
    else:
        columns = Columns.of_spec(argument)
    first = headers

    def rows(_: Resource, obj: Object) -> str:
        nonlocal first
        text = columns.text(obj, header=first)
        first = False
        return text

    return rows


def _file(path: str, what: str) -> str:
    try:
        return Path(path).read_text()
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise CommandError(f"error reading {what}{path}, open {path}: {why}") from None
    except UnicodeDecodeError:
        raise CommandError(f"error reading {what}{path}: it is not UTF-8 text") from None


def _unknown(kind: str, tables: bool) -> CommandError:
    forms = sorted((*_TEMPLATES, *_COLUMNS, "wide")) if tables else _TEMPLATES
    return CommandError(
        f'unable to match a printer suitable for the output format "{kind}", allowed formats are: '
        + ",".join(forms)
    )
