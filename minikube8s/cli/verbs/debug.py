"""`mk8s debug`: a look into pods and nodes from a container that is added beside."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any

import click

from minikube8s.cli.command import after_dash, verb
from minikube8s.cli.errors import CommandError
from minikube8s.cli.session import Session

_WAIT_SECONDS = 600.0
_LETTERS = "bcdfghjklmnpqrstvwxz2456789"


@verb("debug")
@click.argument("words", nargs=-1, metavar="(POD | TYPE/NAME)... [-- COMMAND...]")
@click.option("--image", default="", help="The image of the container to look from.")
@click.option("-c", "--container", default="", help="Its name; with --copy-to one that there is.")
@click.option("--target", default="", help="See the processes of this container, too.")
@click.option("-i", "--stdin", is_flag=True, help="Keep its input open, and pass ours on.")
@click.option("-t", "--tty", is_flag=True, help="Give it a terminal.")
@click.option("--attach", is_flag=True, default=None, help="Join it when it runs (with -i: true).")
@click.option("-q", "--quiet", is_flag=True, help="No messages of our own.")
@click.option("--env", multiple=True, metavar="NAME=VALUE", help="Variables of the container.")
@click.option("--arguments-only", is_flag=True, help="The words after -- are arguments only.")
@click.option("--image-pull-policy", default="", help="Always, IfNotPresent or Never.")
@click.option(
    "--profile",
    default="general",
    help="general (default), baseline, restricted, netadmin, sysadmin or legacy.",
)
@click.option("--custom", default="", metavar="FILE", help="More fields of the container.")
@click.option("--copy-to", default="", metavar="NAME", help="Look into a changed copy of the pod.")
@click.option("--replace", is_flag=True, help="With --copy-to: delete the pod itself.")
@click.option("--same-node", is_flag=True, help="With --copy-to: on the node of the pod.")
@click.option("--set-image", multiple=True, metavar="CONTAINER=IMAGE", help="With --copy-to.")
@click.option(
    "--share-processes", is_flag=True, default=None, help="With --copy-to: all see all processes."
)
@click.option("--keep-labels", is_flag=True, help="With --copy-to: keep the pod's labels.")
@click.option("--keep-annotations", is_flag=True, help="With --copy-to: its annotations.")
@click.option("--keep-liveness", is_flag=True, help="With --copy-to: its liveness probes.")
@click.option("--keep-readiness", is_flag=True, help="With --copy-to: its readiness probes.")
@click.option("--keep-startup", is_flag=True, help="With --copy-to: its startup probes.")
@click.option("--keep-init-containers", is_flag=True, default=True, help="Its init containers.")
@click.option("-f", "--filename", "filenames", multiple=True, help="The file that has the object.")
@click.pass_context
def command(context: click.Context, /, words: tuple[str, ...], **given: Any) -> None:
    """Look into a pod or a node from a container of your own.

    In the pod as it runs (`mk8s debug -it web-0 --image=busybox --target=web`), in a copy of it
    (`--copy-to=web-debug`), or on a node (`mk8s debug -it node/n1 --image=busybox`).
    """
    from minikube8s.api.resources import NODES, PODS
    from minikube8s.cli.containers import pods
    from minikube8s.cli.debugging import checking, profiles

    session: Session = context.obj
    after = after_dash(context) or []
    targets = words[: len(words) - len(after)]
    checking.check(given, targets, after)
    attach = given["stdin"] if given["attach"] is None else given["attach"]
    if given["target"] and not given["quiet"]:
        click.echo(
            f'Targeting container "{given["target"]}". If you don\'t see processes from this '
            "container it may be because the container runtime doesn't support this feature."
        )
    if given["profile"] == profiles.LEGACY:
        click.echo(
            "--profile=legacy is deprecated and will be removed in the future. It is recommended "
            'to explicitly specify a profile, for example "--profile=general".',
            err=True,
        )
    named = (pods.named(session, [target]) for target in targets)
    for resource, obj in chain(named, pods.of_files(session, given["filenames"])):
        if resource is NODES:
            pod, name = _on_node(session, obj, given, after)
        elif resource is not PODS:
            raise CommandError(
                f'"{resource.api_version}, Kind={resource.kind}" not supported by debug: name a '
                "pod or a node"
            )
        elif given["copy_to"]:
            pod, name = _copied(session, obj, given, after)
        else:
            pod, name = _beside(session, obj, given, after)
        if attach and name:
            _join(session, pod, name, given)


def _beside(
    session: Session, pod: dict[str, Any], given: dict[str, Any], command: Sequence[str]
) -> tuple[dict[str, Any], str]:
    """Add an ephemeral container."""
    from minikube8s.cli.connection.client import ApiFailure
    from minikube8s.cli.containers import pods
    from minikube8s.cli.debugging import made

    name = given["container"] or _fresh(given)
    container = _customized(made.ephemeral(name, given, command), given)
    patch = {"spec": {"ephemeralContainers": [container]}}
    try:
        changed = session.client.json(
            "PATCH",
            f"{pods.path(pod)}/ephemeralcontainers",
            patch,
            content_type="application/strategic-merge-patch+json",
            query={"fieldManager": "mk8s-debug"},
        )
    except ApiFailure as failure:
        if failure.reason == "NotFound" and not (failure.status.get("details") or {}).get("name"):
            why = f"ephemeral containers are disabled for this cluster ({failure})"
            raise CommandError(why) from None
        raise
    return changed, name


def _copied(
    session: Session, pod: dict[str, Any], given: dict[str, Any], command: Sequence[str]
) -> tuple[dict[str, Any], str]:
    """Make a changed copy of the pod."""
    from minikube8s.cli.containers import pods
    from minikube8s.cli.debugging import made

    new = given["image"] and not given["container"]
    copied, name = made.copy(pod, _fresh(given) if new else "", given, command)
    listed = copied["spec"]["containers"]
    copied["spec"]["containers"] = [
        _customized(one, given) if one["name"] == name else one for one in listed
    ]
    created = _create(session, copied)
    if given["replace"]:
        now = {"apiVersion": "v1", "kind": "DeleteOptions", "gracePeriodSeconds": 0}
        session.client.json("DELETE", pods.path(pod), now)
    return created, name


def _on_node(
    session: Session, node: dict[str, Any], given: dict[str, Any], command: Sequence[str]
) -> tuple[dict[str, Any], str]:
    """Make a pod that sees the node."""
    from minikube8s.cli.debugging import made

    name = node["metadata"]["name"]
    pod = made.node_pod(name, _suffix(), session.namespace, given, command)
    first, *others = pod["spec"]["containers"]
    pod["spec"]["containers"] = [_customized(first, given), *others]
    if not given["quiet"]:
        click.echo(
            f"Creating debugging pod {pod['metadata']['name']} with container {first['name']} on "
            f"node {name}."
        )
    return _create(session, pod), first["name"]


def _create(session: Session, pod: dict[str, Any]) -> dict[str, Any]:
    from minikube8s.api.resources import PODS
    from minikube8s.cli.naming import targets

    path = targets.path(PODS, pod["metadata"]["namespace"])
    return session.client.json("POST", path, pod, query={"fieldManager": "mk8s-debug"})


def _join(session: Session, pod: dict[str, Any], container: str, given: dict[str, Any]) -> None:
    from minikube8s.cli.containers import attaching

    name, namespace = pod["metadata"]["name"], pod["metadata"]["namespace"]
    wish = attaching.Wish(given["stdin"], given["tty"], given["quiet"])
    attaching.join_started(
        session, namespace, name, container, wish, _WAIT_SECONDS, when_ready=False
    )


def _customized(container: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """``container`` with the fields that the file of `--custom` adds. Raises CommandError."""
    if not given["custom"]:
        return container
    from minikube8s.api.patch import strategic_merge
    from minikube8s.cli.debugging.custom import fields_of

    fields = fields_of(given["custom"])
    return strategic_merge("io.k8s.api.core.v1.Container", container, fields)


def _fresh(given: dict[str, Any]) -> str:
    name = f"debugger-{_suffix()}"
    if not given["quiet"]:
        click.echo(f"Defaulting debug container name to {name}.")
    return name


def _suffix() -> str:
    import random

    return "".join(random.choices(_LETTERS, k=5))
