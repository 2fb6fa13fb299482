"""`mk8s delete`: remove objects, and wait until they are gone."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import click

from minikube8s.cli import options
from minikube8s.cli.applying.batches import batches
from minikube8s.cli.applying.beside import Beside
from minikube8s.cli.command import verb
from minikube8s.cli.connection.client import ApiFailure, Client, Unreachable
from minikube8s.cli.deleting import gone
from minikube8s.cli.deleting.options import Deletion, deletion
from minikube8s.cli.errors import CommandError
from minikube8s.cli.failures import raise_all
from minikube8s.cli.naming.selecting import Selected, selected
from minikube8s.cli.output.printing import DRY_RUNS
from minikube8s.cli.output.progress import watched
from minikube8s.cli.session import Session


@verb("delete")
@click.argument("words", nargs=-1, metavar="TYPE NAME ... | TYPE/NAME ... | -f FILE")
@click.option("--all", "everything", is_flag=True, help="Every object of the kinds.")
@click.option("--now", is_flag=True, help="Same as --grace-period=1.")
@click.option("--ignore-not-found", is_flag=True, help="No error when an object is not there.")
@click.option("--wait/--no-wait", default=True, help="Wait until the objects are gone.")
@click.option("-i", "--interactive", is_flag=True, help="Ask before anything is deleted.")
@click.option("--raw", default="", metavar="PATH", help="Send a DELETE to this path of the API.")
@options.deletion(force="Do not wait for the node: pods may run on.")
@options.dry_run
@options.output
@options.filenames
@options.selector
@options.all_namespaces
@click.pass_obj
def command(session: Session, /, **given: Any) -> None:
    """Delete objects by name, by file, by label, or --all of a kind: `mk8s delete pod web-0`."""
    if given["raw"]:
        _raw(session, given)
        return
    if given["form"] not in {"", "name"}:
        raise CommandError(f"unexpected -o output mode: {given['form']}. We only support '-o name'")
    how = deletion(given, dry_run=given["dry_run"])
    found, failures = selected(session, given["words"], given)
    for warning in how.warnings:
        click.echo(warning, err=True)
    if not found and not failures:
        click.echo("No resources found")
        return
    if given["interactive"] and not _agreed(found, given["dry_run"]):
        click.echo("deletion is cancelled")
        return
    leaving = []
    # what a selector found may be gone by now, with its owner above all
    searched = given["everything"] or given["selector"] or given["field_selector"]
    for one, answer in _deleted(session.client, found, how, given["dry_run"]):
        if isinstance(answer, CommandError):
            if not isinstance(answer, ApiFailure):
                failures.append(answer)
            elif answer.reason != "NotFound" or not (given["ignore_not_found"] or searched):
                failures.append(one.hinted(session.client, answer))
            continue
        click.echo(_line(one, given, how))
        uid = gone.uid_of(answer)
        leaving.append(gone.Leaving(one.resource, one.namespace, one.name, uid))
    if how.wait:
        failures += _wait(session.client, leaving, given["timeout"])
    raise_all(failures)


def _deleted(
    client: Client, found: Sequence[Selected], how: Deletion, dry_run: str
) -> Iterator[tuple[Selected, dict[str, Any] | CommandError]]:
    """Delete each; what the server answered, or what it refused."""

    def ask(mine: Client, one: Selected) -> tuple[Selected, dict[str, Any] | CommandError]:
        if dry_run == "client":
            return one, {}
        try:
            return one, mine.json("DELETE", one.path, how.body)
        except Unreachable as error:
            return one, error
        except ApiFailure as failure:
            if not one.source:
                return one, failure
            said = f'error when deleting "{one.source}": {failure.status.get("message")}'
            return one, ApiFailure({**failure.status, "message": said})

    pool = Beside(client, client.another)
    for batch in batches((one.place, one) for one in found):
        for one, answer in pool.each(ask, batch):
            yield one, answer
            if isinstance(answer, Unreachable):
                return


def _line(one: Selected, given: Mapping[str, Any], how: Deletion) -> str:
    if given["form"] == "name":
        return one.shown
    kind, _, name = one.shown.partition("/")
    forced = " force" if how.body.get("gracePeriodSeconds") == 0 else ""
    return f'{kind} "{name}"{forced} deleted{DRY_RUNS[given["dry_run"]]}'


def _wait(
    client: Client, leaving: Sequence[gone.Leaving], seconds: float
) -> Iterator[CommandError]:
    """Wait for the end of each, saying for which on a terminal; what went wrong."""
    deadline = time.monotonic() + (seconds if seconds > 0 else gone.WEEK_SECONDS)
    with watched() as progress:
        for count, one in enumerate(leaving):
            others = f" and {len(leaving) - count - 1} more" if count + 1 < len(leaving) else ""
            progress.show([f"waiting for {one.resource.singular}/{one.name}{others} to be gone"])
            try:
                gone.wait(client, one, deadline)
            except CommandError as error:
                yield error
                if isinstance(error, Unreachable):
                    return


def _agreed(found: Sequence[Selected], dry_run: str) -> bool:
    if dry_run != "none":
        return True
    click.echo(f"You are about to delete the following {len(found)} resource(s):")
    for one in found:
        click.echo(one.shown)
    click.echo("Do you want to continue? (y/n): ", nl=False)
    sys.stdout.flush()
    return sys.stdin.readline().strip().lower() in {"y", "yes"}


def _raw(session: Session, given: Mapping[str, Any]) -> None:
    if given["words"] or given["filenames"]:
        raise CommandError("--raw takes neither names nor -f: the path says all")
    from minikube8s.cli.rawrequests import send

    send(session.client, "DELETE", given["raw"])
