"""`mk8s delete`: remove objects, and wait until they are gone."""

from __future__ import annotations

import json
import time
from typing import Any

import click

from minikube8s.api.resources import Resource
from minikube8s.cli import manifests, options, printing, targets
from minikube8s.cli.client import ApiFailure, Client, raise_last
from minikube8s.cli.command import verb
from minikube8s.cli.errors import CommandError
from minikube8s.cli.session import Session

_CASCADE = {"background": "Background", "foreground": "Foreground", "orphan": "Orphan"}
WAIT_SECONDS = 7 * 24 * 3600.0


@verb("delete")
@click.argument("words", nargs=-1, metavar="TYPE NAME ... | TYPE/NAME ... | -f FILE")
@click.option("--all", "everything", is_flag=True, help="Every object of the kinds.")
@click.option("--cascade", type=click.Choice(list(_CASCADE)), default="background")
@click.option("--grace-period", type=int, default=-1, help="Seconds for a pod to end by itself.")
@click.option("--now", is_flag=True, help="Same as --grace-period=1.")
@click.option("--force", is_flag=True, help="With --grace-period=0: do not wait for the node.")
@click.option("--ignore-not-found", is_flag=True, help="No error when an object is not there.")
@click.option("--wait/--no-wait", default=True, help="Wait until the objects are gone.")
@click.option("--timeout", type=float, default=0.0, help="Seconds to wait at most; 0: a week.")
@options.filenames
@options.selector
@options.all_namespaces
@click.pass_obj
def command(session: Session, /, **given: Any) -> None:
    """Delete objects by name, by file, by label, or --all of a kind."""
    client = session.client
    ignore: bool = given["ignore_not_found"]
    found = _from_files(session, given) if given["filenames"] else _from_words(session, given)
    seconds = given["timeout"] or WAIT_SECONDS
    body = _delete_options(given)
    waiting: list[tuple[Resource, str, str]] = []
    failures: list[ApiFailure] = []
    for resource, namespace, name in found:
        path = targets.path(resource, namespace, name)
        try:
            answer = client.json("DELETE", path, body)
        except ApiFailure as failure:
            if not (ignore and failure.reason == "NotFound"):
                failures.append(failure)
            continue
        how = " force" if given["force"] else ""
        shown = printing.name_of(resource, {"metadata": {"name": name}})
        kind, _, rest = shown.partition("/")
        place = f" from {namespace} namespace" if resource.namespaced else ""
        click.echo(f'{kind} "{rest}"{how} deleted{place}')
        waiting.append((resource, path, _uid(answer)))
    if given["wait"]:
        for resource, path, uid in waiting:
            _wait_gone(client, resource, path, uid, time.monotonic() + seconds)
    raise_last(failures)
    if not found:
        click.echo("No resources found", err=True)


def _from_files(session: Session, given: dict[str, Any]) -> list[tuple[Resource, str, str]]:
    if given["words"]:
        raise CommandError("name objects by -f or by TYPE NAME, not by both")
    found = []
    for obj in manifests.read(given["filenames"], recursive=given["recursive"]):
        metadata = obj.get("metadata") or {}
        if not metadata.get("name"):
            raise CommandError(f"a {obj['kind']} in the file has no metadata.name")
        place = metadata.get("namespace") or session.namespace
        found.append((session.kinds.of(obj), place, metadata["name"]))
    return found


def _from_words(session: Session, given: dict[str, Any]) -> list[tuple[Resource, str, str]]:
    query = options.selectors(given["selector"], given["field_selector"])
    chosen = targets.parse(session.kinds, given["words"])
    found = []
    for target in chosen:
        if target.name:
            if given["everything"] or query:
                raise CommandError("name cannot be provided when --all or a selector is given")
            found.append((target.resource, session.namespace, target.name))
            continue
        if not (given["everything"] or query):
            raise CommandError(
                f"name the {target.resource.plural} to delete, select them with -l, or give --all"
            )
        place = None if given["all_namespaces"] else session.namespace
        listed = session.client.json("GET", targets.path(target.resource, place), query=query)
        for item in listed.get("items") or []:
            metadata = item["metadata"]
            found.append((target.resource, metadata.get("namespace", ""), metadata["name"]))
    return found


def _delete_options(given: dict[str, Any]) -> dict[str, Any]:
    grace = 1 if given["now"] else given["grace_period"]
    if given["force"] and grace < 0:
        grace = 0
    if grace == 0 and not given["force"]:
        # as kubectl: without --force a pod gets at least a moment to end
        grace = 1
    body: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "DeleteOptions",
        "propagationPolicy": _CASCADE[given["cascade"]],
    }
    if grace >= 0:
        body["gracePeriodSeconds"] = grace
    return body


def _uid(answer: dict[str, Any]) -> str:
    details = answer.get("details") or {}
    return str(details.get("uid") or answer.get("metadata", {}).get("uid", ""))


def _wait_gone(client: Client, resource: Resource, path: str, uid: str, deadline: float) -> None:
    """Return when the object is gone or another one has its name."""
    collection, _, name = path.rpartition("/")
    left = deadline - time.monotonic()
    query = {
        "watch": "true",
        "fieldSelector": f"metadata.name={name}",
        "timeoutSeconds": str(max(1, int(left))),
    }
    try:
        now = client.json("GET", path)
    except ApiFailure as failure:
        if failure.reason == "NotFound":
            return
        raise
    if now["metadata"]["uid"] != uid:
        return
    query["resourceVersion"] = now["metadata"]["resourceVersion"]
    with client.stream(collection, seconds=left, query=query) as answer:
        for line in answer:
            event = json.loads(line)
            if event["type"] == "DELETED":
                return
            if event["type"] == "ERROR":
                raise ApiFailure(event["object"])
    raise CommandError(f"timed out waiting for {resource.plural}/{name} to be gone")
