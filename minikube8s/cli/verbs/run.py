"""`mk8s run`: a pod of one image, talked with while it runs."""

from __future__ import annotations

from typing import Any

import click

from minikube8s.cli import options
from minikube8s.cli.command import verb
from minikube8s.cli.errors import CommandError
from minikube8s.cli.session import Session


@verb("run")
@click.argument("words", nargs=-1, metavar="NAME --image=IMAGE [-- COMMAND | ARGS...]")
@click.option("--image", default="", help="The image of the container.")
@click.option("--command", is_flag=True, help="The words after -- are the command, not arguments.")
@click.option("--env", multiple=True, metavar="NAME=VALUE", help="A variable; several times.")
@click.option("--port", default="", help="The port that the container listens on.")
@click.option("--expose", is_flag=True, help="Make a ClusterIP Service for --port, too.")
@click.option("-l", "--labels", default="", help="Labels of the pod: a=b,c=d (run=NAME).")
@click.option("--annotations", multiple=True, metavar="KEY=VALUE", help="One; several times.")
@click.option("--restart", default="Always", help="Always, OnFailure or Never (Always).")
@click.option("--image-pull-policy", default="", help="Always, IfNotPresent or Never.")
@click.option("--privileged", is_flag=True, help="Run the container in privileged mode.")
@click.option("-i", "--stdin", is_flag=True, help="Keep its input open, and pass ours on.")
@click.option("-t", "--tty", is_flag=True, help="Give it a terminal.")
@click.option("--attach", is_flag=True, default=None, help="Join it when it runs (with -i: true).")
@click.option("--leave-stdin-open", is_flag=True, help="Its input stays open after the first talk.")
@click.option("--rm", is_flag=True, help="Delete the pod when the talk is over, also by Ctrl-C.")
@click.option("-q", "--quiet", is_flag=True, help="No prompt messages.")
@click.option("--overrides", default="", help="JSON laid over the pod before it is sent.")
@click.option("--override-type", default="merge", help="merge, strategic or json (merge).")
@click.option("--save-config", is_flag=True, help="Keep what is sent in an annotation, for apply.")
@options.pod_running_timeout("1m")
@options.output
@options.dry_run
@options.field_manager
@options.record
@click.pass_context
def command(context: click.Context, /, words: tuple[str, ...], **given: Any) -> None:
    """Run an image in a pod: `mk8s run web --image=nginx`.

    To talk with it: `mk8s run -it --rm box --image=busybox --restart=Never -- sh`.
    """
    from minikube8s.api.resources import PODS, SERVICES
    from minikube8s.cli.changing import recording
    from minikube8s.cli.output import printing
    from minikube8s.cli.running import made

    session: Session = context.obj
    printing.check_form(given["form"])
    if not words:
        raise CommandError("NAME is required for run")
    attach = given["stdin"] if given["attach"] is None else given["attach"]
    made.check(given, attach=attach)
    name = words[0]
    wanted = [(PODS, made.pod(name, words[1:], given))]
    if given["overrides"]:
        from minikube8s.cli.making import overriding

        pod = overriding.overridden(
            wanted[0][1], given["overrides"], given["override_type"], PODS.schema
        )
        wanted = [(PODS, pod)]
    if given["expose"]:
        wanted.append((SERVICES, made.service(name, given)))
    recording.warn(given["record"])
    kept: list[tuple[Any, dict[str, Any]]] = []
    failure: CommandError | None = None
    for resource, obj in wanted:
        recorded = recording.recorded(context, obj, given["record"])
        try:
            # told in the other order, as kubectl does
            kept.insert(0, (resource, _created(session, resource, recorded, given)))
        except CommandError as error:
            if not kept:
                raise
            failure = error
    if attach:
        _talk(session, kept, given)
    else:
        for resource, obj in kept:
            printing.tell(given["form"], resource, obj, "created", given["dry_run"])
    if failure is not None:
        raise failure


def _created(session: Session, resource: Any, obj: dict[str, Any], given: Any) -> dict[str, Any]:
    """The object as it is now: made by the server, or what would be sent."""
    from minikube8s.cli.naming import targets

    namespace = (obj.get("metadata") or {}).get("namespace") or session.namespace
    if given["dry_run"] == "client":
        if session.namespace_given:
            metadata = obj["metadata"]
            obj["metadata"] = {"name": metadata["name"], "namespace": namespace, **metadata}
        return obj
    if given["save_config"]:
        _save(obj)
    query = options.written(given["dry_run"], given["field_manager"] or "mk8s-run")
    return session.client.json("POST", targets.path(resource, namespace), obj, query=query)


def _save(obj: dict[str, Any]) -> None:
    import json

    text = json.dumps(obj, separators=(",", ":"), sort_keys=True)
    annotations = obj["metadata"].setdefault("annotations", {})
    annotations["kubectl.kubernetes.io/last-applied-configuration"] = f"{text}\n"


def _talk(session: Session, kept: list[tuple[Any, dict[str, Any]]], given: dict[str, Any]) -> None:
    """Join the pod; returns when it has ended well. Raises CommandError with its exit code."""
    import contextlib

    from minikube8s.cli.containers import attaching, pods
    from minikube8s.cli.running import outcome

    pod = kept[-1][1]
    name, namespace = pod["metadata"]["name"], pod["metadata"]["namespace"]
    wish = attaching.Wish(given["stdin"], given["tty"], given["quiet"])
    seconds: float = given["pod_running_timeout"]
    restart = pod["spec"].get("restartPolicy", "Always")
    with contextlib.ExitStack() as stack:
        if given["rm"]:
            made = [(resource, obj["metadata"]["name"]) for resource, obj in reversed(kept)]
            removing = outcome.removed_after(session, namespace, made, quiet=given["quiet"])
            stack.enter_context(removing)
        container = pods.container(pod, quiet=given["quiet"])
        attaching.join_started(session, namespace, name, container, wish, seconds)
        if restart != "Always" and not given["leave_stdin_open"]:
            outcome.wait_for_end(session, namespace, name, restart, seconds)
