"""`mk8s get`: show objects as tables or in any form of -o; -w watches."""

from __future__ import annotations

import sys
from typing import Any

import click

from minikube8s.cli import options
from minikube8s.cli.command import verb
from minikube8s.cli.errors import CommandError
from minikube8s.cli.failures import raise_all
from minikube8s.cli.getting.asked import Asked, Wanted
from minikube8s.cli.naming import targets
from minikube8s.cli.session import Session

_PAGE = 500
_FORMS = (
    "json, yaml, name, wide, custom-columns=SPEC, custom-columns-file=FILE, jsonpath=TEMPLATE, "
    "jsonpath-as-json=TEMPLATE, jsonpath-file=FILE, go-template=TEMPLATE, go-template-file=FILE."
)


@verb("get")
@click.argument("words", nargs=-1, metavar="TYPE [NAME ...] | TYPE/NAME ... | -f FILE")
@click.option("-o", "--output", "form", default="", help=_FORMS)
@click.option(
    "--template", default="", help="The template of -o go-template or jsonpath, or its file."
)
@click.option("-w", "--watch", is_flag=True, help="After the list, show changes as they happen.")
@click.option("--watch-only", is_flag=True, help="Show changes only.")
@click.option("--output-watch-events", is_flag=True, help="Say of each change what it is.")
@click.option("-L", "--label-columns", multiple=True, metavar="KEYS", help="A column a label.")
@click.option("--show-labels", is_flag=True, help="Add a column with all labels.")
@click.option("--show-kind", is_flag=True, help="Put the kind before names.")
@click.option("--no-headers", is_flag=True, help="Leave the headings out.")
@click.option("--sort-by", default="", metavar="JSONPATH", help="The order: .metadata.name")
@click.option("--show-managed-fields", is_flag=True, help="Show who wrote which field.")
@click.option("--ignore-not-found", is_flag=True, help="No error when an object is not there.")
@click.option("--subresource", default="", help="Show this part of the objects: status, scale.")
@click.option("--raw", default="", metavar="PATH", help="Print what the server has at PATH.")
@click.option("--chunk-size", type=int, default=_PAGE, help="Objects a request; 0: all at once.")
@click.option(
    "--server-print/--no-server-print", default=True, help="Tables as the server has them."
)
@options.filenames
@options.selector
@options.all_namespaces
@click.pass_obj
def command(session: Session, /, **given: Any) -> None:
    """Show objects: `mk8s get pods`, `mk8s get deploy web -o yaml`, `mk8s get all`."""
    asked = Asked(given)
    if given["raw"]:
        _raw(session, given, asked)
        return
    asked.check()
    wanted = _wanted(session, given, asked)
    if asked.watching:
        _watch(session, asked, wanted)
        return
    from minikube8s.cli.getting import fetching, showing

    found, failures = fetching.fetch(session.client, asked, wanted)
    several = len({one.resource for one, _ in found}) > 1
    single = len(wanted) == 1 and bool(wanted[0].name)
    if single and failures:
        raise failures[0]
    shown = showing.show(asked, found, wanted[0].resource, several=several, one=single)
    if not shown and not failures and not asked.ignore_missing:
        place = None if asked.everywhere else session.namespace
        text = showing.nothing_found(place, wanted)
        if place and session.namespace_given and sys.stderr.isatty():
            from minikube8s.cli.naming import nearest

            text += nearest.namespace_hint(session.client, place)
        click.echo(text, err=True)
    sys.stdout.flush()
    raise_all(failures)


def _wanted(session: Session, given: dict[str, Any], asked: Asked) -> list[Wanted]:
    """What the line names. Raises CommandError."""
    if given["filenames"]:
        return _of_files(session, given)
    if not given["words"]:
        raise CommandError(
            "Required resource not specified. Name a kind, such as `mk8s get pods`; "
            "`mk8s api-resources` shows which there are."
        )
    place = None if asked.everywhere else session.namespace
    chosen = targets.parse(session.kinds, given["words"])
    if any(target.name for target in chosen):
        if asked.selectors:
            raise CommandError("name cannot be provided when a selector is specified")
        if asked.everywhere:
            raise CommandError("a resource cannot be retrieved by name across all namespaces")
    elif asked.subresource:
        raise CommandError("subresource cannot be used when bulk resources are specified")
    return [Wanted(target.resource, place, target.name) for target in chosen]


def _of_files(session: Session, given: dict[str, Any]) -> list[Wanted]:
    from minikube8s.cli import manifests

    if given["words"]:
        raise CommandError("when paths, URLs, or stdin is provided as input, you may not specify "
                           "resource arguments as well")  # fmt: skip
    wanted = []
    for obj in manifests.read(given["filenames"], recursive=given["recursive"]):
        name = manifests.name_of(obj)
        place = obj["metadata"].get("namespace") or session.namespace
        wanted.append(Wanted(session.kinds.of(obj), place, name))
    return wanted


def _watch(session: Session, asked: Asked, wanted: list[Wanted]) -> None:
    if len({one.resource for one in wanted}) > 1:
        raise CommandError("you may only specify a single resource type")
    if len(wanted) > 1:
        raise CommandError("you may only watch a single resource or type of resource at a time")
    if asked.by:
        click.echo(
            "warning: --watch requested, --sort-by will be ignored for watch events received",
            err=True,
        )
    from minikube8s.cli.getting import following

    following.follow(session.client, asked, wanted[0], session.access.seconds)


def _raw(session: Session, given: dict[str, Any], asked: Asked) -> None:
    if given["words"]:
        raise CommandError("arguments may not be passed when --raw is specified")
    if asked.watching or asked.form or asked.selectors or asked.labels or given["filenames"]:
        raise CommandError(
            "--raw may not be specified with other flags that filter the server request or alter "
            "the output"
        )
    if not given["raw"].startswith("/"):
        raise CommandError(f"--raw takes a path that begins with /, not {given['raw']!r}")
    with session.client.stream(given["raw"], accept="application/json, */*") as answer:
        while block := answer.read1():
            sys.stdout.buffer.write(block)
            sys.stdout.buffer.flush()
