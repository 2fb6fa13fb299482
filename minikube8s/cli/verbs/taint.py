"""`mk8s taint`: keep pods away from nodes."""

from __future__ import annotations

from typing import Any

import click

from minikube8s.cli import options
from minikube8s.cli.changing import chosen, patching, taints
from minikube8s.cli.changing.chosen import Chosen
from minikube8s.cli.command import verb
from minikube8s.cli.errors import CommandError
from minikube8s.cli.output import printing
from minikube8s.cli.session import Session


@verb("taint")
@click.argument("words", nargs=-1, metavar="NODE NAME ... KEY=VALUE:EFFECT ... KEY:EFFECT- ...")
@click.option("--overwrite", is_flag=True, help="Change taints that the node has.")
@options.field_manager
@options.dry_run
@options.output
@options.managed_fields
@chosen.selection
@click.pass_obj
def command(session: Session, /, words: tuple[str, ...], **given: Any) -> None:
    """Set and remove taints: `mk8s taint node n1 dedicated=db:NoSchedule old-`."""
    printing.check_form(given["form"])
    objects, specs = _split(words)
    if not specs:
        raise CommandError(
            "at least one taint update is required: KEY=VALUE:EFFECT, or KEY- to remove"
        )
    if session.kinds.by_word(objects[0]).kind != "Node":
        raise CommandError(f"invalid resource type {objects[0]}, only node types are supported")
    changes = taints.parse(specs)

    def act(one: Chosen) -> None:
        spec = one.obj.get("spec") or {}
        present = spec.get("taints") or []
        held = [] if given["overwrite"] else taints.held(present, changes)
        if held:
            raise CommandError(
                f"node {one.name} already has {', '.join(held)} taint(s) with same effect(s) and "
                "--overwrite is false"
            )
        after, operation = taints.changed(present, changes, overwrite=given["overwrite"])
        wanted = {**one.obj, "spec": {**spec, "taints": after}}
        manager = given["field_manager"] or "kubectl-taint"
        told = patching.written(session, one, wanted, given["dry_run"], manager)
        printing.tell(
            given["form"],
            one.resource,
            told or one.obj,
            operation,
            given["dry_run"],
            managers=given["managers"],
        )

    chosen.for_each(session, objects, given, act)


def _split(words: tuple[str, ...]) -> tuple[list[str], list[str]]:
    """The words that name nodes, and those that say what to change."""
    at = next(
        (
            index
            for index, word in enumerate(words)
            if index and (":" in word or "=" in word or word.endswith("-"))
        ),
        len(words),
    )
    return list(words[:at]), list(words[at:])
