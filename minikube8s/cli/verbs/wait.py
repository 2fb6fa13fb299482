"""`mk8s wait`: wait until objects are there, gone, or in a state."""

from __future__ import annotations

import time
from typing import Any

import click

from minikube8s.cli import options
from minikube8s.cli.awaiting import watching
from minikube8s.cli.awaiting.wanted import Wanted, wanted
from minikube8s.cli.command import verb
from minikube8s.cli.connection.client import ApiFailure, Unreachable
from minikube8s.cli.deleting.gone import WEEK_SECONDS
from minikube8s.cli.durations import Duration
from minikube8s.cli.errors import CommandError
from minikube8s.cli.failures import raise_all
from minikube8s.cli.naming import targets
from minikube8s.cli.naming.selecting import Selected, selected
from minikube8s.cli.output import printing
from minikube8s.cli.output.progress import watched
from minikube8s.cli.session import Session

Object = dict[str, Any]


@verb("wait")
@click.argument("words", nargs=-1, metavar="TYPE NAME | TYPE/NAME | -f FILE")
@click.option(
    "--for", "what", default="", help="create, delete, condition=X[=V], jsonpath='{P}'[=V]."
)
@click.option("--all", "everything", is_flag=True, help="Every object of the kinds.")
@click.option("--timeout", type=Duration(), default="30s", help="0s: look once; below 0s: a week.")
@options.managed_fields
@options.output
@options.filenames
@options.selector
@options.all_namespaces
@click.pass_obj
def command(session: Session, /, words: tuple[str, ...], **given: Any) -> None:
    """Wait until objects are as wanted: `mk8s wait --for=condition=Ready pod/web`."""
    goal = wanted(given["what"])
    seconds = given["timeout"] if given["timeout"] >= 0 else WEEK_SECONDS
    deadline = time.monotonic() + seconds
    if goal.sort == "create":
        _wait_for_some(session, words, given, deadline)
    found, failures = selected(session, words, given)
    if not found and not failures and goal.sort != "delete":
        raise CommandError("no matching resources found")
    with watched() as progress:
        for one in found:
            progress.show([f"waiting for {one.shown}: {given['what']}"])
            try:
                after = _wait(session, one, goal, deadline, once=seconds == 0)
            except CommandError as error:
                failures.append(error)
                if isinstance(error, Unreachable):
                    break
                continue
            if after is not None:
                progress.clear()
                printing.tell(
                    given["form"], one.resource, after, "condition met", managers=given["managers"]
                )
    raise_all(failures)


def _wait(
    session: Session, one: Selected, goal: Wanted, deadline: float, *, once: bool
) -> Object | None:
    """Return the object as it was when it was as wanted; None for one that was not there."""
    last: Object | None = None
    query = {"fieldSelector": f"metadata.name={one.name}"}
    for count, found in enumerate(
        watching.follow(session.client, one.resource, one.namespace, query, deadline)
    ):
        now = found[0] if found else None
        if goal.sort == "delete":
            if now is None or (last and now["metadata"]["uid"] != last["metadata"]["uid"]):
                return last
        elif now is not None and goal.met(now):
            return now
        elif now is None and goal.sort == "state":
            raise _missing(session, one, was_there=count > 0)
        last = now or last
    name = f"{one.resource.plural}/{one.name}"
    if once and goal.sort == "state":
        raise CommandError(f"condition not met for {name}")
    on = "" if goal.sort == "create" else f" on {name}"
    raise CommandError(f"timed out waiting for the condition{on}")


def _missing(session: Session, one: Selected, *, was_there: bool) -> CommandError:
    if was_there:
        return CommandError(f"{one.shown} was deleted while it was waited for")
    message = f'{one.resource.group_resource} "{one.name}" not found'
    failure = ApiFailure({"reason": "NotFound", "message": message, "code": 404})
    return one.hinted(session.client, failure)


def _wait_for_some(
    session: Session, words: tuple[str, ...], given: dict[str, Any], deadline: float
) -> None:
    """`--for=create` with -l or --all: return when there is one at all. Raises CommandError."""
    query = options.selectors(given["selector"], given["field_selector"])
    if given["filenames"] or not (query or given["everything"]):
        return
    for target in targets.parse(session.kinds, words):
        namespace = None if given["all_namespaces"] else session.namespace
        if not target.name and not watching.until(
            session.client, target.resource, namespace, query, deadline, bool
        ):
            raise CommandError("timed out waiting for the condition")
