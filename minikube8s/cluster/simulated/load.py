"""Owns what a simulated cluster is given to do, and telling how far it is. By the API alone."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from minikube8s.api.times import parse_time
from minikube8s.cluster.config import Home, Settings
from minikube8s.cluster.errors import ClusterError
from minikube8s.cluster.lifecycle import Say
from minikube8s.cluster.membership.masterclient import MasterClient
from minikube8s.cluster.simulated import plan

_DEPLOYMENTS = f"/apis/apps/v1/namespaces/{plan.NAMESPACE}/deployments"
_NODES = "/api/v1/nodes"
_LEASES = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases"
_LOAD = f"labelSelector={plan.LABEL}%3Dload"
_FIGURES_EVERY = 1.0
NODE_SECONDS, POD_SECONDS = 0.3, 0.1
"""What each may take at most, on a slow machine; and what all take together at least."""
_LEAST = 60.0
_LOOK_SECONDS = 20
"""A watch is opened anew so often, so that silence is not taken for a master that is gone."""


def client(home: Home, settings: Settings) -> MasterClient:
    """The administrator."""
    return MasterClient(
        f"127.0.0.1:{settings.api_port}",
        (home.pki / "ca.crt").read_bytes(),
        identity=(home.pki / "admin.crt", home.pki / "admin.key"),
    )


def wait_for_nodes(
    open_client: Callable[[], MasterClient], names: list[str], since: datetime | None, say: Say
) -> None:
    """Return when all nodes are Ready; remove those that are not of the cluster any more.

    With `since` their agents have to have spoken after that: what is stored may be from before.
    """
    began = time.monotonic()
    wanted, ready = set(names), set[str]()
    deadline = began + _LEAST + NODE_SECONDS * len(names)
    asking = open_client()
    for node in _items(asking, _NODES):
        if node["metadata"]["name"] not in wanted:
            _ask(asking, "DELETE", f"{_NODES}/{node['metadata']['name']}")
    asking.close()
    told = _Progress(say, "nodes Ready", len(names), 0)
    path = _NODES if since is None else _LEASES
    for event in _events(open_client, f"{path}?", deadline):
        one = event["object"]
        name = one["metadata"]["name"]
        if name in wanted and (_is_ready(one) if since is None else _spoke(one, since)):
            ready.add(name)
            told.now(len(ready))
        if wanted <= ready:
            told.end()
            return
    missing = sorted(wanted - ready)
    raise ClusterError(
        f"{len(missing):,} nodes were not Ready within {deadline - began:.0f} s, among them "
        f"{missing[0]}: see `mk8s status` for where the logs are."
    )


def make(open_client: Callable[[], MasterClient], pods: int, say: Say) -> None:
    """Make the Deployments that have `pods` replicas in all; return when all are ready."""
    asking = open_client()
    wanted = plan.deployments(pods)
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": plan.NAMESPACE}}
    _ask(asking, "POST", "/api/v1/namespaces", namespace, but=409)
    present = {one["metadata"]["name"]: one for one in _items(asking, f"{_DEPLOYMENTS}?{_LOAD}")}
    told = _Progress(say, "pods Running", pods, sum(map(_ready, present.values())))
    for name in present.keys() - wanted.keys():
        _ask(asking, "DELETE", f"{_DEPLOYMENTS}/{name}")
    for name, replicas in wanted.items():
        if name not in present:
            _ask(asking, "POST", _DEPLOYMENTS, plan.deployment(name, replicas))
        elif present[name]["spec"].get("replicas") != replicas:
            fresh = {**present[name], "spec": {**present[name]["spec"], "replicas": replicas}}
            _ask(asking, "PUT", f"{_DEPLOYMENTS}/{name}", fresh)
    asking.close()
    if not pods:
        return
    deadline = time.monotonic() + _LEAST + POD_SECONDS * pods
    ready = {name: _ready(one) for name, one in present.items() if name in wanted}
    for event in _events(open_client, f"{_DEPLOYMENTS}?{_LOAD}&", deadline):
        one = event["object"]
        if one["metadata"]["name"] in wanted:
            ready[one["metadata"]["name"]] = _ready(one)
        told.now(sum(ready.values()))
        if sum(ready.values()) >= pods:
            told.end()
            return
    raise ClusterError(
        f"Only {sum(ready.values()):,} of {pods:,} pods were Running in time: see "
        f"`mk8s get deployments -n {plan.NAMESPACE}`."
    )


def _events(
    open_client: Callable[[], MasterClient], path: str, deadline: float
) -> Iterator[dict[str, Any]]:
    """What there is and what changes, until the deadline; now and then all is told again."""
    while time.monotonic() < deadline:
        following = open_client()
        try:
            yield from following.follow(f"{path}watch=true&timeoutSeconds={_LOOK_SECONDS}")
        finally:
            following.close()


class _Progress:
    """Tells how many of something there are, once a second, and how many came a second."""

    def __init__(self, say: Say, what: str, wanted: int, at_first: int) -> None:
        self._say = say
        self._what = what
        self._wanted = wanted
        self._count = self._last = self._first = at_first
        self._began = self._told = time.monotonic()

    def now(self, count: int) -> None:
        """Take note; say so when the last time was long ago."""
        self._count = count
        passed = time.monotonic() - self._told
        if passed < _FIGURES_EVERY:
            return
        rate = (count - self._last) / passed
        self._told, self._last = time.monotonic(), count
        self._say(f"{count:,} of {self._wanted:,} {self._what} ({rate:,.0f} a second)")

    def end(self) -> None:
        """Say how it ended."""
        passed = time.monotonic() - self._began
        new = self._count - self._first
        rate = f", {new / passed:,.0f} a second" if new > 0 and passed else ""
        self._say(f"{self._wanted:,} {self._what} ({passed:.1f} s{rate})")


def _ask(
    client: MasterClient, method: str, path: str, body: object = None, but: int = 0
) -> dict[str, Any]:
    answer = client.ask(method, path, body)
    if answer.code >= 400 and answer.code != but:
        message = (answer.content or {}).get("message", "no message")
        raise ClusterError(f"The master answered {method} {path} with {answer.code}: {message}.")
    return answer.content or {}


def _items(client: MasterClient, path: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = _ask(client, "GET", path).get("items", [])
    return items


def _is_ready(node: dict[str, Any]) -> bool:
    conditions = node.get("status", {}).get("conditions", [])
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)


def _spoke(lease: dict[str, Any], since: datetime) -> bool:
    renewed = lease.get("spec", {}).get("renewTime")
    return bool(renewed) and parse_time(renewed) >= since


def _ready(deployment: dict[str, Any]) -> int:
    status = deployment.get("status", {})
    current = status.get("observedGeneration", 0) >= deployment["metadata"]["generation"]
    return int(status.get("readyReplicas", 0)) if current else 0
