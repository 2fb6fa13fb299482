"""`mk8s apply`: make the cluster agree with files, changing only what the files changed."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import click

from minikube8s.api.resources import Resource
from minikube8s.cli import manifests, options
from minikube8s.cli.applying import editkept, keeping, pruning, serverside
from minikube8s.cli.applying.batches import batches
from minikube8s.cli.applying.beside import Beside
from minikube8s.cli.applying.clientside import ClientSide, Done
from minikube8s.cli.applying.report import Report
from minikube8s.cli.applying.serverside import ServerSide
from minikube8s.cli.changing import recording
from minikube8s.cli.command import acting_group
from minikube8s.cli.connection.client import Client, Unreachable
from minikube8s.cli.deleting import gone
from minikube8s.cli.deleting.options import deletion
from minikube8s.cli.errors import CommandError
from minikube8s.cli.failures import raise_all
from minikube8s.cli.naming.items import Item, items
from minikube8s.cli.session import Session

MANAGER = "kubectl-client-side-apply"
"""kubectl's own name: who applies now with one and then with the other meets no conflict."""


@acting_group("apply")
@click.option("--server-side", is_flag=True, help="Let the server merge, by who owns which field.")
@click.option("--force-conflicts", is_flag=True, help="With --server-side: take others' fields.")
@click.option("--subresource", default="", help="With --server-side: apply to this part, status.")
@click.option("--overwrite/--no-overwrite", default=True, help="Undo what others have changed.")
@click.option("--openapi-patch/--no-openapi-patch", default=True, hidden=True)
@click.option("--prune", is_flag=True, help="Delete what was applied and is in no file any more.")
@click.option("--prune-allowlist", multiple=True, metavar="G/V/KIND", help="Prune these kinds.")
@click.option("-l", "--selector", default="", help="Only objects with these labels.")
@click.option("--all", "everything", is_flag=True, help="With --prune: whatever the labels are.")
@click.option("--wait", is_flag=True, help="Wait until what was applied is up, and pruned is gone.")
@options.deletion(force="Delete and make anew what cannot be changed.")
@options.validate
@options.writing
@options.filenames
@click.pass_context
def command(context: click.Context, /, **given: Any) -> None:
    """Create or change objects as files say: `mk8s apply -f web.yaml`."""
    session: Session = context.obj
    _check(given)
    report = Report(given["form"], given["dry_run"], managers=given["managers"])
    pruned = pruning.kinds_of(session.kinds, given["prune_allowlist"]) if given["prune"] else []
    recording.warn(given["record"])
    reading = manifests.gather(given["filenames"], recursive=given["recursive"])
    found = [
        item._replace(obj=recording.recorded(context, item.obj, given["record"]))
        for item in items(session, reading, given["selector"])
    ]
    failures = reading.failures
    if not found and not failures:
        raise CommandError("no objects passed to apply")
    found = [item for item in found if not _nameless(item, failures)]
    work = _worker(given)
    done = []
    for result in _applied(session.client, work, found):
        if isinstance(result, CommandError):
            failures.append(result)
            continue
        report.tell(result)
        done.append(result)
    if not failures and given["prune"]:
        try:
            _prune(session, given, done, pruned)
        except CommandError as error:
            failures.append(error)
    report.end()
    if given["wait"] and given["dry_run"] == "none":
        failures += _wait(session, given, done)
    raise_all(failures)


command.add_command(keeping.view_last_applied)
command.add_command(keeping.set_last_applied)
command.add_command(editkept.edit_last_applied)


def _check(given: dict[str, Any]) -> None:
    """Raise CommandError for flags that contradict each other, before anything is changed."""
    dry_run = given["dry_run"]
    server_side, force = given["server_side"], given["force"]
    refused = {
        "must specify one of -f and -k": not any(given["filenames"]),
        "--force-conflicts only works with --server-side": given["force_conflicts"]
        and not server_side,
        "--subresource only works with --server-side": given["subresource"] and not server_side,
        "--force cannot be used with --server-side": force and server_side,
        "--prune doesn't work on objects created by server-side apply, which keep nothing to "
        "find them by": given["prune"] and server_side,
        "--dry-run=client doesn't work with --server-side (did you mean --dry-run=server "
        "instead?)": dry_run == "client" and server_side,
        "--dry-run=server cannot be used with --force": force and dry_run == "server",
        "cannot set --all and --selector at the same time": given["everything"]
        and given["selector"],
        "all resources selected for prune without explicitly passing --all. To prune all "
        "resources, pass the --all flag. If you did not mean to prune all resources, specify a "
        "label selector": given["prune"] and not given["everything"] and not given["selector"],
    }
    for complaint, applies in refused.items():
        if applies:
            raise CommandError(complaint)
    deletion(given)


def _worker(given: dict[str, Any]) -> Callable[[Client, Item], Done]:
    manager = given["field_manager"] or (serverside.MANAGER if given["server_side"] else MANAGER)
    query = options.written(given["dry_run"], manager)
    query |= options.field_validation(given["validate"])
    if given["server_side"]:
        return ServerSide(query, force=given["force_conflicts"], subresource=given["subresource"])
    return ClientSide(
        query,
        only_told=given["dry_run"] == "client",
        overwrite=given["overwrite"],
        force=deletion(given) if given["force"] else None,
        seconds=given["timeout"] or gone.WEEK_SECONDS,
    )


def _wait(session: Session, given: dict[str, Any], done: Sequence[Done]) -> list[CommandError]:
    from minikube8s.cli.applying import coming

    deadline = time.monotonic() + (given["timeout"] or gone.WEEK_SECONDS)
    return coming.wait(session.client, done, deadline)


def _prune(
    session: Session, given: dict[str, Any], done: Sequence[Done], kinds: Sequence[Resource]
) -> None:
    how = deletion(given, dry_run=given["dry_run"])
    leaving = pruning.prune(
        session.client,
        pruning.candidates(
            session.client,
            kinds,
            {one.item.namespace for one in done if one.item.namespace},
            given["selector"],
            {one.obj["metadata"].get("uid") for one in done},
        ),
        how,
        given["dry_run"],
    )
    if given["wait"] and given["dry_run"] == "none":
        deadline = time.monotonic() + (given["timeout"] or gone.WEEK_SECONDS)
        for one in leaving:
            gone.wait(session.client, one, deadline)


def _nameless(item: Item, failures: list[CommandError]) -> bool:
    if item.name:
        return False
    made = item.obj["metadata"].get("generateName")
    why = (
        f"from {made}: cannot use generate name with apply: use `mk8s create`"
        if made
        else f'error when applying "{item.source}": a {item.obj["kind"]} has no metadata.name: '
        "resource name may not be empty"
    )
    failures.append(CommandError(why))
    return True


def _applied(client: Client, work: Callable[[Client, Item], Done], found: Sequence[Item]) -> Any:
    """What became of each, in order; failures as values. A server that is gone ends it."""

    def tried(mine: Client, item: Item) -> Done | CommandError:
        try:
            return work(mine, item)
        except CommandError as error:
            return error

    pool = Beside(client, client.another)
    for batch in batches((item.place, item) for item in found):
        for result in pool.each(tried, batch):
            yield result
            if isinstance(result, Unreachable):
                return
