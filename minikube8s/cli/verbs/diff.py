"""`mk8s diff`: what an apply of files would change."""

from __future__ import annotations

import sys
from typing import Any

import click

from minikube8s.cli import manifests, options
from minikube8s.cli.applying import lastapplied, patching, pruning, serverside
from minikube8s.cli.applying.beside import Beside
from minikube8s.cli.applying.serverside import ServerSide
from minikube8s.cli.command import verb
from minikube8s.cli.connection.client import ApiFailure, Client
from minikube8s.cli.diffing import content, program
from minikube8s.cli.diffing.content import Versions
from minikube8s.cli.errors import CommandError
from minikube8s.cli.naming.items import Item, items
from minikube8s.cli.session import Session


@verb("diff")
@click.option("--server-side", is_flag=True, help="As if applied with --server-side.")
@click.option("--force-conflicts", is_flag=True, help="With --server-side: take others' fields.")
@click.option("--prune", is_flag=True, help="Show what pruning would delete, too.")
@click.option("--prune-allowlist", multiple=True, metavar="G/V/KIND", help="Prune these kinds.")
@click.option("-l", "--selector", default="", help="Only objects with these labels.")
@click.option("--concurrency", type=click.IntRange(min=1), default=4, help="Requests at once.")
@options.managed_fields
@options.field_manager
@options.filenames
@click.pass_obj
def command(session: Session, /, **given: Any) -> int:
    """Show what an apply would change: `mk8s diff -f web.yaml`.

    Exit code 0: nothing, 1: something, more: it failed.
    """
    try:
        texts = _texts(session, given)
        sys.stdout.flush()
        return program.compare(texts) if texts else 0
    except CommandError as error:
        # 1 says that there are differences
        error.code = max(error.code, program.TROUBLE)
        raise


command.usage_code = program.TROUBLE


def _texts(session: Session, given: dict[str, Any]) -> dict[str, tuple[str | None, str | None]]:
    """The two texts of each object, by file name, in the order in which they are shown."""
    if not any(given["filenames"]):
        raise CommandError("must specify one of -f and -k")
    if given["force_conflicts"] and not given["server_side"]:
        raise CommandError("--force-conflicts only works with --server-side")
    reading = manifests.gather(given["filenames"], recursive=given["recursive"])
    found = items(session, reading, given["selector"])
    if reading.failures:
        raise reading.failures[0]
    manager = given["field_manager"] or (
        serverside.MANAGER if given["server_side"] else "kubectl-client-side-apply"
    )
    query = options.written("server", manager)
    applied = ServerSide(query, force=given["force_conflicts"])

    def both(client: Client, item: Item) -> Versions:
        live = _live(client, item)
        if given["server_side"]:
            return Versions(live, applied(client, item).obj)
        return Versions(live, _merged(client, item, live, query))

    pool = Beside(session.client, session.client.another, given["concurrency"])
    versions = list(pool.each(both, found))
    texts = {
        content.file_name(item): content.texts(two, managers=given["managers"])
        for item, two in zip(found, versions, strict=True)
    }
    if given["prune"]:
        for gone in pruning.candidates(
            session.client,
            pruning.kinds_of(session.kinds, given["prune_allowlist"]),
            {item.namespace for item in found if item.namespace},
            given["selector"],
            {two.live["metadata"]["uid"] for two in versions if two.live},
        ):
            item = Item("", gone.resource, gone.obj["metadata"].get("namespace", ""), gone.obj)
            two = Versions(gone.obj, None)
            texts[content.file_name(item)] = content.texts(two, managers=given["managers"])
    return dict(sorted(texts.items()))


def _live(client: Client, item: Item) -> dict[str, Any] | None:
    try:
        return client.json("GET", item.path)
    except ApiFailure as failure:
        if failure.reason == "NotFound":
            return None
        raise


def _merged(
    client: Client, item: Item, live: dict[str, Any] | None, query: dict[str, str]
) -> dict[str, Any]:
    """What the server says that an apply would make of it."""
    if live is None:
        return client.json("POST", item.collection, item.obj, query=query)
    wanted = lastapplied.without(item.obj)
    before = lastapplied.of(live)
    body, content_type = patching.between(item.resource, before, wanted, live)
    if not body:
        return live
    return client.json("PATCH", item.path, body, content_type=content_type, query=query)
