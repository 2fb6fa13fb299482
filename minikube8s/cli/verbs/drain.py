"""`mk8s drain`: empty nodes."""

from __future__ import annotations

import time
from typing import Any

import click

from minikube8s.api.resources import DAEMONSETS, PODS
from minikube8s.cli import options
from minikube8s.cli.changing.chosen import Chosen
from minikube8s.cli.command import verb
from minikube8s.cli.durations import Duration
from minikube8s.cli.errors import CommandError
from minikube8s.cli.naming import targets
from minikube8s.cli.output import printing
from minikube8s.cli.session import Session

_FORCE = "Also pods that no controller makes again."


@verb("drain")
@click.argument("words", nargs=-1, metavar="NODE ...")
@click.option("-l", "--selector", default="", help="Label selector of nodes, like disk=ssd.")
@click.option("--pod-selector", default="", help="Only pods with these labels.")
@click.option("--force", is_flag=True, help=_FORCE)
@click.option("--ignore-daemonsets", is_flag=True, help="Leave daemons' pods where they are.")
@click.option(
    "--delete-emptydir-data", is_flag=True, help="Also pods whose data in emptyDir is lost."
)
@click.option("--delete-local-data", is_flag=True, hidden=True)
@click.option("--disable-eviction", is_flag=True, help="Delete pods, whatever budgets say.")
@click.option("--grace-period", type=int, default=-1, help="Seconds for a pod to end by itself.")
@click.option(
    "--skip-wait-for-delete-timeout",
    type=int,
    default=0,
    metavar="SECONDS",
    help="Do not wait for pods that were deleted longer ago; 0: wait.",
)
@click.option("--timeout", type=Duration(), default=0.0, help="Give up after this time; 0: never.")
@click.option("--chunk-size", type=int, default=500, hidden=True)
@options.dry_run
@click.pass_obj
def command(session: Session, /, words: tuple[str, ...], selector: str, **given: Any) -> None:
    """Empty nodes: `mk8s drain node2 --ignore-daemonsets`. `uncordon` opens them again."""
    from minikube8s.cli.draining import cordoning

    _check_selector(given["pod_selector"])
    nodes = cordoning.nodes(session, "drain", words, selector)
    cordoning.mark_all(session, nodes, given["dry_run"], closed=True)
    pending: list[tuple[str, CommandError]] = []
    for node in nodes:
        try:
            _drain(session, node, given)
        except CommandError as error:
            text = f'unable to drain node "{node.name}" due to {error}, continuing command...'
            click.echo(f"error: {text}", err=True)
            pending.append((node.name, error))
    if pending:
        names = "\n ".join(name for name, _ in pending)
        why = "\n".join(str(error).removeprefix("error: ") for _, error in pending)
        raise CommandError(f"There are pending nodes to be drained:\n {names}\n{why}", prefix="")


def _drain(session: Session, node: Chosen, given: dict[str, Any]) -> None:
    from minikube8s.cli.draining import choice, evicting

    query = options.selectors(given["pod_selector"], f"spec.nodeName={node.name}")
    pods = session.client.json("GET", targets.path(PODS, None), query=query).get("items") or []
    rules = choice.Rules(
        force=given["force"],
        ignore_daemon_sets=given["ignore_daemonsets"],
        delete_local_data=given["delete_emptydir_data"] or given["delete_local_data"],
        daemon_sets=_daemon_sets(session, pods),
        skip_older_than=given["skip_wait_for_delete_timeout"],
    )
    picked = choice.choose(pods, rules, time.time())
    if picked.refusals:
        raise CommandError("\n".join(picked.refusals))
    if picked.warnings:
        click.echo(f"Warning: {'; '.join(picked.warnings)}", err=True)
    way = evicting.Way(
        given["timeout"], given["grace_period"], given["disable_eviction"], given["dry_run"]
    )
    evicting.evict(session.client, node.name, picked.evicted, way)
    printing.tell("", node.resource, node.obj, "drained", given["dry_run"])


def _daemon_sets(session: Session, pods: list[dict[str, Any]]) -> frozenset[tuple[str, str]]:
    """Namespace and name of the daemon sets that there are, where a pod is of one."""
    from minikube8s.api.meta import controller_of

    if not any((controller_of(pod) or {}).get("kind") == "DaemonSet" for pod in pods):
        return frozenset()
    found = session.client.json("GET", targets.path(DAEMONSETS, None)).get("items") or []
    return frozenset((one["metadata"]["namespace"], one["metadata"]["name"]) for one in found)


def _check_selector(text: str) -> None:
    from minikube8s.api.errors import ApiError
    from minikube8s.api.selectors import parse_labels

    try:
        parse_labels(text)
    except ApiError:
        raise CommandError("--pod-selector=<pod_selector> must be a valid label selector") from None
