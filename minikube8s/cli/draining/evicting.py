"""Making a node's pods leave: all asked at once, asked again where a budget refuses, waited for."""

from __future__ import annotations

import time
from typing import Any, NamedTuple

import click

from minikube8s.api.resources import PODS
from minikube8s.cli.awaiting import watching
from minikube8s.cli.connection.client import ApiFailure, Client
from minikube8s.cli.errors import CommandError
from minikube8s.cli.naming import targets
from minikube8s.cli.output import progress
from minikube8s.cli.output.escapes import harmless
from minikube8s.cli.output.printing import DRY_RUNS

Object = dict[str, Any]
RETRY_SECONDS = 5.0
_WEEK = 7 * 24 * 3600.0


class Way(NamedTuple):
    """How pods are made to leave: the deadline in seconds (0: a week), by deletion or eviction."""

    seconds: float = 0.0
    grace: int = -1
    delete: bool = False
    dry_run: str = "none"


class _Waiting:
    """Pods on their way: which are still to be asked, which are asked and not yet gone."""

    def __init__(self, pods: list[Object]) -> None:
        self.all = len(pods)
        self.unasked = pods
        self.asked: dict[str, Object] = {}
        self.failures: list[str] = []

    @property
    def over(self) -> bool:
        """Whether all are gone."""
        return not self.unasked and not self.asked


def evict(client: Client, node: str, pods: list[Object], way: Way) -> None:
    """Make ``pods`` leave ``node``. Raises CommandError when they do not, or not in time.

    One that cannot be made to leave keeps no other from it.
    """
    deadline = time.monotonic() + (way.seconds or _WEEK)
    waiting = _Waiting(pods)
    for pod in pods if not way.delete or way.dry_run != "none" else ():
        word = "deleting" if way.delete else "evicting"
        click.echo(f"{word} pod {_place(pod)}{DRY_RUNS[way.dry_run]}")
    if way.dry_run == "client":
        return
    with progress.watched() as shown:
        while True:
            _ask(client, waiting, way, shown)
            if way.dry_run == "server":
                break
            next_try = RETRY_SECONDS if waiting.unasked else _WEEK
            until = min(deadline, time.monotonic() + next_try)
            _wait(client, node, waiting, way, until, shown)
            if waiting.over:
                break
            if time.monotonic() >= deadline:
                _give_up(waiting, way)
    if waiting.failures:
        raise CommandError("\n".join(waiting.failures))


def _ask(client: Client, waiting: _Waiting, way: Way, shown: progress.Progress) -> None:
    """Ask every pod that was not asked yet, or was refused because of a budget."""
    refused: list[Object] = []
    for pod in waiting.unasked:
        try:
            _send(client, pod, way)
        except ApiFailure as failure:
            if failure.reason == "NotFound":
                continue
            place = f'pods/"{pod["metadata"]["name"]}" -n "{pod["metadata"]["namespace"]}"'
            if failure.status.get("code") != 429 and failure.reason != "TooManyRequests":
                waiting.failures.append(f"error when evicting {place}: {failure}")
                continue
            shown.clear()
            text = f"error when evicting {place} (will retry after {RETRY_SECONDS:.0f}s): "
            click.echo(text + harmless(str(failure.status.get("message", failure))), err=True)
            refused.append(pod)
            continue
        waiting.asked[pod["metadata"]["uid"]] = pod
    waiting.unasked = refused


def _send(client: Client, pod: Object, way: Way) -> None:
    name, namespace = pod["metadata"]["name"], pod["metadata"]["namespace"]
    path = targets.path(PODS, namespace, name)
    how: Object = {"apiVersion": "v1", "kind": "DeleteOptions"}
    how["preconditions"] = {"uid": pod["metadata"]["uid"]}
    if way.grace >= 0:
        how["gracePeriodSeconds"] = way.grace
    query = {"dryRun": "All"} if way.dry_run == "server" else {}
    if way.delete:
        client.json("DELETE", path, how, query=query)
        return
    eviction = {
        "apiVersion": "policy/v1",
        "kind": "Eviction",
        "metadata": {"name": name, "namespace": namespace},
        "deleteOptions": how,
    }
    client.json("POST", f"{path}/eviction", eviction, query=query)


def _wait(
    client: Client,
    node: str,
    waiting: _Waiting,
    way: Way,
    until: float,
    shown: progress.Progress,
) -> None:
    """Watch the node's pods until all that were asked are gone, or ``until``."""
    query = {"fieldSelector": f"spec.nodeName={node}"}
    for found in watching.follow(client, PODS, None, query, until):
        here = {pod["metadata"]["uid"] for pod in found}
        for uid in [uid for uid in waiting.asked if uid not in here]:
            _gone(waiting, uid, way, shown)
        _show(node, waiting, shown)
        if waiting.over:
            return


def _gone(waiting: _Waiting, uid: str, way: Way, shown: progress.Progress) -> None:
    pod = waiting.asked.pop(uid)
    shown.clear()
    click.echo(f"pod/{pod['metadata']['name']} {'deleted' if way.delete else 'evicted'}")


def _show(node: str, waiting: _Waiting, shown: progress.Progress) -> None:
    left = [*waiting.asked.values(), *waiting.unasked]
    done = waiting.all - len(left)
    lines = [f"{node} {progress.bar(done, waiting.all)} {done} of {waiting.all} pods gone"]
    shown.show(lines + [f"  {_place(pod)}" for pod in left])


def _give_up(waiting: _Waiting, way: Way) -> None:
    left = [*waiting.asked.values(), *waiting.unasked]
    raise CommandError(
        f"global timeout reached: {way.seconds:g}s; still there: "
        + ", ".join(_place(pod) for pod in left)
    )


def _place(pod: Object) -> str:
    return f"{pod['metadata']['namespace']}/{pod['metadata']['name']}"
