"""`mk8s replace`: put objects of files in the place of those that are there."""

from __future__ import annotations

import time
from typing import Any

import click

from minikube8s.cli import manifests, options, rawrequests
from minikube8s.cli.applying import lastapplied
from minikube8s.cli.changing import recording
from minikube8s.cli.command import verb
from minikube8s.cli.connection.client import ApiFailure, Unreachable
from minikube8s.cli.deleting import gone
from minikube8s.cli.deleting.options import deletion
from minikube8s.cli.errors import CommandError
from minikube8s.cli.failures import raise_all
from minikube8s.cli.naming.items import Item, items
from minikube8s.cli.output import printing
from minikube8s.cli.session import Session


@verb("replace")
@click.option("--save-config", is_flag=True, help="Keep the object for a later apply.")
@click.option("--subresource", default="", help="Replace this part of the object, such as status.")
@click.option("--raw", default="", metavar="PATH", help="PUT the file to this path of the API.")
@options.deletion(force="Delete what is there, and make it anew.")
@options.validate
@options.writing
@options.filenames
@click.pass_context
def command(context: click.Context, /, **given: Any) -> None:
    """Replace objects by those in files; --force deletes and makes them anew.

    For example `mk8s replace -f web.yaml`.
    """
    session: Session = context.obj
    if given["raw"]:
        body = rawrequests.body_of(given["filenames"], given)
        rawrequests.send(session.client, "PUT", given["raw"], body)
        return
    _check(given)
    recording.warn(given["record"])
    reading = manifests.gather(given["filenames"], recursive=given["recursive"])
    found = items(session, reading)
    failures: list[CommandError] = []
    if not found and not reading.failures:
        raise CommandError("no objects passed to replace")
    if given["force"]:
        raise_all(reading.failures + [_nameless(item) for item in found if not item.name])
        _delete(session, found, given)
    for item in found:
        try:
            if not item.name:
                raise _nameless(item)
            _replace(context, item, given)
        except ApiFailure as failure:
            doing = "creating" if given["force"] else "replacing"
            failures.append(item.failed(doing, failure))
        except CommandError as error:
            failures.append(error)
            if isinstance(error, Unreachable):
                break
    raise_all(failures + reading.failures)


def _check(given: dict[str, Any]) -> None:
    refused = {
        "must specify one of -f and -k": not any(given["filenames"]),
        "--grace-period must have --force specified": given["grace_period"] >= 0
        and not given["force"],
        "--timeout must have --force specified": given["timeout"] and not given["force"],
        "--dry-run can not be used when --force is set": given["force"]
        and given["dry_run"] != "none",
    }
    for complaint, applies in refused.items():
        if applies:
            raise CommandError(complaint)
    printing.check_form(given["form"])


def _replace(context: click.Context, item: Item, given: dict[str, Any]) -> None:
    session: Session = context.obj
    obj = recording.recorded(context, item.obj, given["record"])
    if given["save_config"] or lastapplied.kept(obj):
        obj = lastapplied.annotated(obj)
    metadata = dict(obj["metadata"])
    obj = {**obj, "metadata": metadata}
    dry_run = given["dry_run"]
    if dry_run != "client":
        query = options.written(dry_run, given["field_manager"] or "kubectl-replace")
        query |= options.field_validation(given["validate"])
        if given["force"]:
            obj = session.client.json("POST", item.collection, obj, query=query)
        else:
            part = f"/{given['subresource']}" if given["subresource"] else ""
            if not metadata.get("resourceVersion"):
                # some kinds take no update that does not say of which version
                live = session.client.json("GET", item.path + part)
                metadata["resourceVersion"] = live["metadata"]["resourceVersion"]
            obj = session.client.json("PUT", item.path + part, obj, query=query)
    printing.tell(
        given["form"], item.resource, obj, "replaced", dry_run, managers=given["managers"]
    )


def _nameless(item: Item) -> CommandError:
    return CommandError(f'error when replacing "{item.source}": resource name may not be empty')


def _delete(session: Session, found: list[Item], given: dict[str, Any]) -> None:
    """Delete what is there of the objects, and wait until it is gone."""
    how = deletion({"cascade": given["cascade"], "grace_period": given["grace_period"]})
    leaving = []
    for item in found:
        try:
            answer = session.client.json("DELETE", item.path, how.body)
        except ApiFailure as failure:
            if failure.reason != "NotFound":
                raise item.failed("deleting", failure) from None
            continue
        kind, _, name = printing.name_of(item.resource, item.obj).partition("/")
        if not given["form"]:
            click.echo(f'{kind} "{name}" deleted')
        leaving.append(gone.Leaving(item.resource, item.namespace, item.name, gone.uid_of(answer)))
    deadline = time.monotonic() + (given["timeout"] or gone.WEEK_SECONDS)
    for one in leaving:
        gone.wait(session.client, one, deadline)
