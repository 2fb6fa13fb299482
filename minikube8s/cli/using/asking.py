"""Asks metrics.k8s.io for what is used, and says why there is nothing."""

from __future__ import annotations

from typing import Any

from minikube8s.api.resources import NODE_METRICS, NODES, POD_METRICS, PODS
from minikube8s.cli.connection.client import ApiFailure, Client
from minikube8s.cli.errors import CommandError
from minikube8s.cli.naming import targets
from minikube8s.cli.using.figures import Use, nodes, pods

Object = dict[str, Any]
_SOON = CommandError("metrics not available yet")


class NothingFound(Exception):
    """There is nothing that could be measured; the message says where."""


class Pods:
    """Which pods are measured, and how they are shown."""

    def __init__(
        self, namespace: str | None, name: str, query: dict[str, str], *, containers: bool
    ) -> None:
        self.namespace = namespace
        self.name = name
        self.query = query
        self.containers = containers

    def uses(self, client: Client) -> list[Use]:
        """What they use now. Raises CommandError, NothingFound."""
        path = targets.path(POD_METRICS, self.namespace, self.name or None)
        answer = _metrics(client, path, {} if self.name else self.query)
        found = [answer] if self.name else answer.get("items") or []
        if not found:
            listed = client.json(
                "GET",
                targets.path(PODS, self.namespace),
                query={**self.query, "limit": "1"},
            )
            if listed.get("items"):
                raise _SOON
            place = f" in {self.namespace} namespace." if self.namespace else ""
            raise NothingFound(f"No resources found{place}")
        return pods(found, namespaces=self.namespace is None, containers=self.containers)


class Nodes:
    """Which nodes are measured, and of what their use is a share."""

    def __init__(self, name: str, query: dict[str, str], whole: str) -> None:
        self.name = name
        self.query = query
        self.whole = whole

    def uses(self, client: Client) -> list[Use]:
        """What they use now. Raises CommandError, NothingFound."""
        path = targets.path(NODE_METRICS, None, self.name or None)
        answer = _metrics(client, path, {} if self.name else self.query)
        found = [answer] if self.name else answer.get("items") or []
        place = targets.path(NODES, None, self.name or None)
        answer = client.json("GET", place, query={} if self.name else self.query)
        known = [answer] if self.name else answer.get("items") or []
        if not found:
            raise _SOON if known else CommandError("metrics not available yet: no such node")
        return nodes(found, known, self.whole)


def _metrics(client: Client, path: str, query: dict[str, str]) -> Object:
    try:
        return client.json("GET", path, query=query)
    except ApiFailure as failure:
        if failure.reason == "NotFound" and "metrics.k8s.io" not in str(failure):
            raise CommandError(
                "Metrics API not available: no metrics server is installed in this cluster."
            ) from None
        raise
