"""`mk8s patch`: change fields of objects."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from minikube8s.cli import options
from minikube8s.cli.applying import patching
from minikube8s.cli.changing import chosen, recording
from minikube8s.cli.changing.chosen import Chosen
from minikube8s.cli.command import verb
from minikube8s.cli.errors import CommandError
from minikube8s.cli.output import printing
from minikube8s.cli.session import Session

_TYPES = {"json": patching.JSON, "merge": patching.MERGE, "strategic": patching.STRATEGIC}


@verb("patch")
@click.argument("words", nargs=-1, metavar="TYPE NAME | TYPE/NAME | -f FILE")
@click.option("-p", "--patch", default="", help="The patch, as JSON or YAML.")
@click.option("--patch-file", default="", metavar="FILE", help="The file that holds the patch.")
@click.option("--type", "sort", default="strategic", help="json, merge or strategic.")
@click.option("--subresource", default="", help="Patch this part of the object, such as status.")
@chosen.local
@options.writing
@options.filenames
@click.pass_context
def command(context: click.Context, /, words: tuple[str, ...], **given: Any) -> None:
    """Change fields of objects: `mk8s patch deploy web -p '{"spec":{"replicas":2}}'`."""
    session: Session = context.obj
    if given["sort"] not in _TYPES:
        known = " ".join(sorted(_TYPES))
        raise CommandError(f'--type must be one of [{known}], not "{given["sort"]}"')
    printing.check_form(given["form"])
    patch = _patch_of(given)
    recording.warn(given["record"])

    def act(one: Chosen) -> None:
        _patched(context, one, patch, given)

    chosen.for_each(session, words, given, act)


def _patch_of(given: dict[str, Any]) -> Any:
    text, file = given["patch"], given["patch_file"]
    if text and file:
        raise CommandError("cannot specify --patch and --patch-file together")
    if file:
        try:
            text = Path(file).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            why = getattr(error, "strerror", None) or error
            raise CommandError(f"unable to read patch file: {file}: {why}") from None
    if not text:
        raise CommandError(
            "must specify --patch or --patch-file containing the contents of the patch"
        )
    try:
        return json.loads(text)
    except ValueError:
        from minikube8s.cli.manifests import parsing

        found = parsing.values(file or "the patch", text)
    if len(found) != 1:
        raise CommandError(f"a patch is one document, and not {len(found)}")
    return found[0]


def _patched(context: click.Context, one: Chosen, patch: Any, given: dict[str, Any]) -> None:
    session: Session = context.obj
    sort, part = given["sort"], given["subresource"]
    if given["local"] or given["dry_run"] == "client":
        after = _locally(one, patch, sort)
    else:
        query = options.written(given["dry_run"], given["field_manager"] or "kubectl-patch")
        path = f"{one.path}/{part}" if part else one.path
        after = session.client.json("PATCH", path, patch, content_type=_TYPES[sort], query=query)
        if given["record"] and given["dry_run"] != "server":
            caused = recording.recorded(context, {}, wanted=True)
            session.client.json("PATCH", path, caused, content_type=patching.MERGE, query=query)
    same = after == one.obj if given["local"] else _version(after) == _version(one.obj)
    changed = not same or given["dry_run"] != "none"
    if given["form"]:
        # each by itself, as kubectl prints them: no `---` between documents
        printer = printing.printer(given["form"], managers=given["managers"])
        printing.put(printer.text(one.resource, after))
        return
    name = printing.name_of(one.resource, after)
    if part and after.get("kind") != one.resource.kind:
        group = after["apiVersion"].rpartition("/")[0]
        name = f"{after['kind'].lower()}{f'.{group}' if group else ''}/{after['metadata']['name']}"
    click.echo(f"{name} patched" + ("" if changed or part else " (no change)"))


def _version(obj: dict[str, Any]) -> Any:
    return obj["metadata"].get("resourceVersion")


def _locally(one: Chosen, patch: Any, sort: str) -> dict[str, Any]:
    from minikube8s.api import patch as patches
    from minikube8s.api.errors import ApiError

    try:
        if sort == "json":
            after = patches.json_patch(one.obj, patch)
        elif sort == "merge" or not patching.typed(one.resource):
            after = patches.merge_patch(one.obj, patch)
        else:
            after = patches.strategic_merge(one.resource.schema, one.obj, patch)
    except ApiError as error:
        raise CommandError(str(error)) from None
    if not (after.get("metadata") or {}).get("name"):
        raise CommandError(f"the patch takes its name away from {one}")
    return after
