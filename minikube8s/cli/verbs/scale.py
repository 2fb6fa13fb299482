"""`mk8s scale`: set how many replicas a workload has."""

from __future__ import annotations

import time
from typing import Any

import click

from minikube8s.cli import options
from minikube8s.cli.applying import patching
from minikube8s.cli.changing import chosen, recording
from minikube8s.cli.changing.chosen import Chosen
from minikube8s.cli.command import verb
from minikube8s.cli.connection.client import ApiFailure
from minikube8s.cli.durations import Duration
from minikube8s.cli.errors import CommandError
from minikube8s.cli.output import printing
from minikube8s.cli.session import Session


@verb("scale")
@click.argument("words", nargs=-1, metavar="TYPE NAME ... | TYPE/NAME ...")
@click.option("--replicas", type=int, required=True, help="The new number.")
@click.option("--current-replicas", type=int, default=-1, help="Only if this is the number now.")
@click.option("--resource-version", default="", help="Only if this is its version now.")
@click.option("--timeout", type=Duration(), default=0.0, help="Wait so long until it is so.")
@options.record
@options.dry_run
@options.output
@options.managed_fields
@chosen.selection
@click.pass_obj
def command(session: Session, /, words: tuple[str, ...], **given: Any) -> None:
    """Set the number of replicas: `mk8s scale deploy/web --replicas 3`."""
    printing.check_form(given["form"])
    recording.warn(given["record"])
    context = click.get_current_context()
    replicas, dry_run, form = given["replicas"], given["dry_run"], given["form"]
    if replicas < 0:
        raise CommandError(
            "The --replicas=COUNT flag is required, and COUNT must be greater than or equal to 0"
        )

    def act(one: Chosen) -> None:
        if "scale" not in one.resource.subresources:
            raise CommandError(f"{one.resource.plural} have no number of replicas to scale")
        if dry_run != "client":
            _send(session, one, given)
        if given["record"] and dry_run != "client":
            from minikube8s.cli.changing.patching import written

            caused = recording.recorded(context, one.obj, True)
            written(session, one, caused, dry_run, "kubectl-scale")
        if given["timeout"] and dry_run == "none":
            _wait(session, one, replicas, given["timeout"])
        told = session.client.json("GET", one.path) if form and form != "name" else one.obj
        printing.tell(form, one.resource, told, "scaled", dry_run, managers=given["managers"])

    if not chosen.for_each(session, words, given, act):
        raise CommandError("no objects passed to scale")


def _check(scale: dict[str, Any], given: dict[str, Any]) -> None:
    """Raise CommandError where the line's conditions do not hold."""
    now = (scale.get("spec") or {}).get("replicas", 0)
    version = scale["metadata"]["resourceVersion"]
    if given["current_replicas"] not in {-1, now}:
        raise CommandError(f"Expected replicas to be {given['current_replicas']}, was {now}")
    if given["resource_version"] not in {"", version}:
        raise CommandError(
            f"Expected resource version to be {given['resource_version']}, was {version}"
        )


def _send(session: Session, one: Chosen, given: dict[str, Any]) -> None:
    path, query = f"{one.path}/scale", options.written(given["dry_run"], "kubectl-scale")
    patch: dict[str, Any] = {"spec": {"replicas": given["replicas"]}}
    conditions = given["current_replicas"] != -1 or given["resource_version"]
    for attempt in range(patching.CONFLICTS + 1):
        if conditions:
            scale = session.client.json("GET", path)
            _check(scale, given)
            patch["metadata"] = {"resourceVersion": scale["metadata"]["resourceVersion"]}
        try:
            session.client.json("PATCH", path, patch, content_type=patching.MERGE, query=query)
            return
        except ApiFailure as failure:
            # the conditions may hold of the newer version, too
            if failure.reason != "Conflict" or not conditions or attempt == patching.CONFLICTS:
                raise


def _wait(session: Session, one: Chosen, replicas: int, seconds: float) -> None:
    """Return when as many pods are there. Raises CommandError when that takes longer."""
    from minikube8s.cli.changing import watching
    from minikube8s.cli.output import progress

    with progress.watched() as shown:
        for obj in watching.versions(session, one, time.monotonic() + seconds):
            now = (obj.get("status") or {}).get("replicas", 0)
            if obj["spec"].get("replicas") == replicas == now:
                return
            shown.show([f"{one.name} {progress.bar(now, replicas)} {now} of {replicas} pods"])
    raise CommandError(f'timed out waiting for "{one.name}" to be synced')
