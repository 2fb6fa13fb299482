"""`mk8s apply`: make the cluster agree with files, changing only what the files changed."""

from __future__ import annotations

import json
from typing import Any

import click

from minikube8s.api.patch.three_way import three_way
from minikube8s.cli import manifests, options, printing, targets
from minikube8s.cli.client import ApiFailure, raise_last
from minikube8s.cli.command import verb
from minikube8s.cli.errors import CommandError
from minikube8s.cli.session import Session

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_STRATEGIC = "application/strategic-merge-patch+json"
_RETRIES = 5


@verb("apply")
@click.option("--dry-run", type=click.Choice(["none", "server"]), default="none")
@click.option("--validate", type=click.Choice(["strict", "warn", "ignore"]), default="strict")
@options.filenames
@click.pass_obj
def command(session: Session, /, **given: Any) -> None:
    """Create or change objects as files say: `mk8s apply -f web.yaml`."""
    objects = manifests.read(given["filenames"], recursive=given["recursive"])
    for obj in objects:
        session.kinds.of(obj)
        if not (obj.get("metadata") or {}).get("name"):
            raise CommandError(
                f"a {obj['kind']} has no metadata.name: apply needs to know which object it is"
            )
    query = {"fieldManager": "mk8s-apply", "fieldValidation": given["validate"].capitalize()}
    if given["dry_run"] == "server":
        query["dryRun"] = "All"
    failures: list[ApiFailure] = []
    for obj in objects:
        try:
            what = _apply(session, obj, query)
        except ApiFailure as failure:
            failures.append(failure)
            continue
        suffix = " (server dry run)" if "dryRun" in query else ""
        click.echo(f"{printing.name_of(session.kinds.of(obj), obj)} {what}{suffix}")
    raise_last(failures)


def _apply(session: Session, obj: dict[str, Any], query: dict[str, str]) -> str:
    client, resource = session.client, session.kinds.of(obj)
    metadata = obj["metadata"]
    place = metadata.get("namespace") or session.namespace
    wanted = _annotated(obj, place if resource.namespaced else None)
    path = targets.path(resource, place, metadata["name"])
    for attempt in range(_RETRIES):
        try:
            live = client.json("GET", path)
        except ApiFailure as failure:
            if failure.reason != "NotFound":
                raise
            client.json("POST", targets.path(resource, place), wanted, query=query)
            return "created"
        annotations = live["metadata"].get("annotations") or {}
        before = json.loads(annotations.get(LAST_APPLIED) or "{}")
        patch = three_way(resource.schema, before, wanted, live)
        if not patch:
            return "unchanged"
        try:
            after = client.json("PATCH", path, patch, content_type=_STRATEGIC, query=query)
        except ApiFailure as failure:
            if failure.reason != "Conflict" or attempt == _RETRIES - 1:
                raise
            continue
        same = after["metadata"].get("resourceVersion") == live["metadata"]["resourceVersion"]
        return "unchanged" if same and "dryRun" not in query else "configured"
    raise AssertionError("unreachable")


def _annotated(obj: dict[str, Any], namespace: str | None) -> dict[str, Any]:
    """The object with its own text in the annotation that the next apply compares with."""
    metadata = dict(obj["metadata"])
    annotations = dict(metadata.get("annotations") or {})
    annotations.pop(LAST_APPLIED, None)
    if namespace:
        metadata["namespace"] = namespace
    metadata["annotations"] = annotations
    plain = {**obj, "metadata": metadata}
    text = json.dumps(plain, separators=(",", ":"), sort_keys=True, ensure_ascii=False) + "\n"
    return {**obj, "metadata": {**metadata, "annotations": {**annotations, LAST_APPLIED: text}}}
