"""`label` and `annotate`, which differ by the map that they change and by a few words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

from minikube8s.cli import options
from minikube8s.cli.changing import chosen, marks, pairs, patching, recording
from minikube8s.cli.changing.chosen import Chosen
from minikube8s.cli.errors import CommandError
from minikube8s.cli.output import printing
from minikube8s.cli.output.escapes import harmless
from minikube8s.cli.session import Session

F = TypeVar("F", bound=Callable[..., Any])
WORDS = click.argument(
    "words", nargs=-1, metavar="TYPE NAME | TYPE/NAME ... KEY=VALUE ... KEY- ..."
)


def flags(command: F) -> F:
    """The flags of both verbs."""
    command = click.option("--overwrite", is_flag=True, help="Change values that are there.")(
        command
    )
    command = click.option("--list", "listing", is_flag=True, help="Print what there is.")(command)
    command = click.option(
        "--resource-version", default="", help="Only if this is the object's version now."
    )(command)
    return chosen.selection(chosen.local(options.all_namespaces(options.writing(command))))


def mark(session: Session, what: str, words: Sequence[str], given: dict[str, Any]) -> None:
    """Change labels or annotations (``what``: `label`, `annotation`) as the line says."""
    printing.check_form(given["form"])
    recording.warn(given["record"])
    context = click.get_current_context()
    objects, changes = pairs.split(words, what)
    new, gone = pairs.parse(changes, what)
    marks.check_apart(new, gone, what)
    if what == "label":
        marks.check_labels(new)
    if not changes and not given["listing"]:
        raise CommandError(f"at least one {what} update is required: KEY=VALUE, or KEY- to remove")
    field = f"{what}s"

    def act(one: Chosen) -> None:
        if new and not given["overwrite"]:
            _refuse_overwriting(one, what, new)
        wanted = marks.marked(one.obj, field, new, gone)
        operation = _operation(one.obj, wanted, what, new, gone)
        if given["resource_version"]:
            wanted["metadata"]["resourceVersion"] = given["resource_version"]
        after: dict[str, Any] | None = wanted
        if wanted != one.obj:
            wanted = recording.recorded(context, wanted, given["record"])
            manager = given["field_manager"] or f"kubectl-{what.replace('annotation', 'annotate')}"
            after = patching.written(
                session, one, wanted, given["dry_run"], manager, local=given["local"]
            )
        if not given["listing"]:
            printing.tell(
                given["form"],
                one.resource,
                after or one.obj,
                operation,
                given["dry_run"],
                managers=given["managers"],
            )
        listed.append((one, (after or one.obj)["metadata"].get(field) or {}))

    listed: list[tuple[Chosen, dict[str, str]]] = []
    if given["resource_version"] and len(objects) > 2:
        raise CommandError("--resource-version may only be used with a single resource")
    chosen.for_each(session, objects, given, act)
    if given["listing"]:
        _list(listed, what, headed=given["everything"] or len(listed) != 1)


def _refuse_overwriting(one: Chosen, what: str, new: dict[str, str]) -> None:
    taken = marks.taken(one.obj, f"{what}s", new)
    if taken and what == "label":
        raise CommandError(f"{taken[0]}, and --overwrite is false")
    if taken:
        raise CommandError(
            "--overwrite is false but found the following declared annotation(s): "
            + "; ".join(taken)
        )


def _operation(
    before: dict[str, Any], wanted: dict[str, Any], what: str, new: dict[str, str], gone: list[str]
) -> str:
    """kubectl's word; labels that are not there to be taken away are told."""
    if what != "label":
        return "annotated"
    present = before["metadata"].get("labels") or {}
    for key in gone:
        if key not in present:
            click.echo(f'label "{key}" not found.')
    if wanted["metadata"].get("labels", {}) == present:
        return "not labeled"
    return "labeled" if new else "unlabeled"


def _list(listed: list[tuple[Chosen, dict[str, str]]], what: str, *, headed: bool) -> None:
    for one, content in listed:
        if headed:
            group = f".{one.resource.group}" if one.resource.group else "."
            click.echo(f"Listing {what}s for {one.resource.kind}{group}/{one.name}:")
        for key, value in sorted(content.items()):
            click.echo(harmless(f"{' ' * headed}{key}={value}"))
