"""A node that goes for good: its pods move away first, then nothing of it is left in the API."""

from __future__ import annotations

import time
from collections.abc import Callable

from minikube8s.api.meta import controller_of
from minikube8s.api.resources import NODES, PODS
from minikube8s.cli.connection.client import ApiFailure, Client
from minikube8s.cli.draining import choice, evicting
from minikube8s.cli.errors import CommandError
from minikube8s.cli.naming import targets


def empty(
    client: Client, node: str, seconds: float, say: Callable[[str], None], way_out: str
) -> None:
    """Close a node and evict its pods, but for daemons'; one that is not Ready is not waited for.

    Raises CommandError where they do not leave in time, with what to do then.
    """
    path = targets.path(NODES, None, node)
    try:
        closed = {"spec": {"unschedulable": True}}
        found = client.json("PATCH", path, closed, content_type="application/merge-patch+json")
    except ApiFailure as failure:
        if failure.reason != "NotFound":
            raise
        return
    conditions = (found.get("status") or {}).get("conditions") or ()
    if not any(one["type"] == "Ready" and one["status"] == "True" for one in conditions):
        say(f"{node} is not Ready, so nobody waits for its pods")
        return
    pods = client.json("GET", targets.path(PODS, None), query=_on(node))["items"]
    owners = ((pod["metadata"]["namespace"], controller_of(pod) or {}) for pod in pods)
    daemons = frozenset((place, one["name"]) for place, one in owners if one)
    rules = choice.Rules(
        force=True, ignore_daemon_sets=True, delete_local_data=True, daemon_sets=daemons
    )
    picked = choice.choose(pods, rules, time.time())
    try:
        evicting.evict(client, node, picked.evicted, evicting.Way(seconds))
    except CommandError as error:
        why = str(error).removeprefix("error: ").rstrip(".")
        raise CommandError(
            f"{why}. {node} is still there and takes no new pods: {way_out}."
        ) from None


def forget(client: Client, node: str) -> None:
    """Delete the Node and the objects of its pods, which nobody would report gone any more."""
    _delete(client, targets.path(NODES, None, node))
    for pod in client.json("GET", targets.path(PODS, None), query=_on(node))["items"]:
        meta = pod["metadata"]
        _delete(client, targets.path(PODS, meta["namespace"], meta["name"]))


def _on(node: str) -> dict[str, str]:
    return {"fieldSelector": f"spec.nodeName={node}"}


def _delete(client: Client, path: str) -> None:
    try:
        client.json("DELETE", path, {"gracePeriodSeconds": 0})
    except ApiFailure as failure:
        if failure.reason != "NotFound":
            raise
