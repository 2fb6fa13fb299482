"""`mk8s describe`: one object in words, with what belongs to it and its Events."""

from __future__ import annotations

from typing import Any

import click

from minikube8s.api.resources import (
    CONFIGMAPS,
    DEPLOYMENTS,
    ENDPOINTSLICES,
    EVENTS,
    NODES,
    PODS,
    REPLICASETS,
    SECRETS,
    SERVICES,
    Resource,
)
from minikube8s.cli import manifests, options, targets
from minikube8s.cli.client import ApiFailure, Client, raise_last
from minikube8s.cli.command import verb
from minikube8s.cli.describing import common, others, pods, workloads
from minikube8s.cli.describing.writer import Writer
from minikube8s.cli.session import Session

Object = dict[str, Any]


@verb("describe")
@click.argument("words", nargs=-1, metavar="TYPE [NAME ...] | TYPE/NAME ...")
@options.filenames
@options.selector
@options.all_namespaces
@click.pass_obj
def command(session: Session, /, **given: Any) -> None:
    """Describe objects: `mk8s describe pod web-0`."""
    client = session.client
    query = options.selectors(given["selector"], given["field_selector"])
    place = None if given["all_namespaces"] else session.namespace
    failures: list[ApiFailure] = []
    texts = []
    for resource, namespace, name in _named(session, given, place):
        path = targets.path(resource, namespace, name)
        try:
            answer = client.json("GET", path, query={} if name else query)
        except ApiFailure as failure:
            failures.append(failure)
            continue
        typed = {"apiVersion": resource.api_version, "kind": resource.kind}
        found = [answer] if name else [typed | item for item in answer.get("items") or []]
        texts += [_described(client, resource, obj) for obj in found]
    if texts:
        click.echo("\n\n\n".join(texts))
    elif not failures:
        click.echo("No resources found" + (f" in {place} namespace." if place else "."), err=True)
    raise_last(failures)


def _named(
    session: Session, given: dict[str, Any], place: str | None
) -> list[tuple[Resource, str | None, str]]:
    if given["filenames"]:
        return [
            (
                session.kinds.of(obj),
                obj["metadata"].get("namespace") or place,
                obj["metadata"]["name"],
            )
            for obj in manifests.read(given["filenames"], recursive=given["recursive"])
        ]
    chosen = targets.parse(session.kinds, given["words"])
    return [(target.resource, place, target.name or "") for target in chosen]


def _described(client: Client, resource: Resource, obj: Object) -> str:
    writer, now = Writer(), common.now()
    namespace = obj["metadata"].get("namespace")

    def listed(of: Resource, place: str | None, **query: str) -> list[Object]:
        answer = client.json("GET", targets.path(of, place), query=query)
        items: list[Object] = answer.get("items") or []
        return items

    uid = obj["metadata"]["uid"] if resource is not NODES else obj["metadata"]["name"]
    wanted = f"involvedObject.uid={uid}"
    events = listed(EVENTS, namespace, fieldSelector=wanted)
    if resource is PODS:
        pods.describe(writer, obj, events, now)
    elif resource is REPLICASETS:
        label_selector = common.selector(obj["spec"].get("selector"))
        owned = listed(PODS, namespace, labelSelector=label_selector)
        workloads.replica_set(writer, obj, owned, events, now)
    elif resource is DEPLOYMENTS:
        workloads.deployment(writer, obj, listed(REPLICASETS, namespace), events, now)
    elif resource is SERVICES:
        label = f"kubernetes.io/service-name={obj['metadata']['name']}"
        slices = listed(ENDPOINTSLICES, namespace, labelSelector=label)
        others.service(writer, obj, slices, events, now)
    elif resource is NODES:
        bound = f"spec.nodeName={obj['metadata']['name']}"
        running = f"{bound},status.phase!=Failed,status.phase!=Succeeded"
        others.node(writer, obj, listed(PODS, None, fieldSelector=running), events, now)
    elif resource is SECRETS:
        others.secret(writer, obj)
    elif resource is CONFIGMAPS:
        others.config_map(writer, obj, events, now)
    else:
        others.anything(writer, obj, events, now, namespaced=resource.namespaced)
    return writer.text()
