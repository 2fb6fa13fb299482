"""Reading and going back to a workload's versions, as the server has them."""

from __future__ import annotations

from typing import Any

from minikube8s.api.resources import CONTROLLERREVISIONS, REPLICASETS, Resource
from minikube8s.cli import options
from minikube8s.cli.applying import patching
from minikube8s.cli.changing.chosen import Chosen
from minikube8s.cli.errors import CommandError
from minikube8s.cli.naming import targets
from minikube8s.cli.rollouts import history
from minikube8s.cli.rollouts.state import KINDS
from minikube8s.cli.session import Session

Object = dict[str, Any]


def resource_of(one: Chosen) -> Resource:
    """The kind of object that keeps the versions of ``one``."""
    return REPLICASETS if one.resource.kind == "Deployment" else CONTROLLERREVISIONS


def revisions(session: Session, one: Chosen) -> list[history.Revision]:
    """The versions of ``one``, oldest first. Raises CommandError for what has none."""
    from minikube8s.api.selectors import from_label_selector

    if one.resource.kind not in KINDS or one.resource.group != "apps":
        raise CommandError(
            f'error retrieving history for "{one.resource.kind}": it has no versions; '
            "Deployments, DaemonSets and StatefulSets have"
        )
    keeper = resource_of(one)
    selector = from_label_selector(one.obj["spec"]["selector"])
    answer = session.client.json(
        "GET", targets.path(keeper, one.namespace), query={"labelSelector": str(selector)}
    )
    kinds = {"apiVersion": keeper.api_version, "kind": keeper.kind}
    return history.revisions(one.obj, [kinds | item for item in answer.get("items") or ()])


def go_back(session: Session, one: Chosen, to: history.Revision, dry_run: str) -> Object:
    """The object after its template, and a Deployment's cause, are those of ``to``."""
    wanted = history.with_template(one.obj, to)
    if dry_run == "client":
        return wanted
    patch = [{"op": "replace", "path": "/spec/template", "value": wanted["spec"]["template"]}]
    if wanted["metadata"].get("annotations") is not None:
        annotations = wanted["metadata"]["annotations"]
        patch.append({"op": "add", "path": "/metadata/annotations", "value": annotations})
    query = options.written(dry_run, "kubectl-rollout")
    return session.client.json("PATCH", one.path, patch, content_type=patching.JSON, query=query)


def template_text(template: Object) -> str:
    """A pods' template as `describe` tells it; a pipe gets tabs, as from kubectl."""
    from minikube8s.cli.describing import pods
    from minikube8s.cli.describing.writer import Writer
    from minikube8s.cli.output import styles

    writer = Writer()
    pods.template(writer, template)
    return writer.text() if styles.width() else writer.tabbed()
