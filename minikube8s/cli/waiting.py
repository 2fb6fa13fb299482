"""Waiting for the cluster by its own API: a watch, not a poll, once the API answers."""

from __future__ import annotations

import contextlib
import http.client
import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from minikube8s.cli.connection.client import ApiFailure, Client
from minikube8s.cli.errors import CommandError
from minikube8s.cluster.errors import ClusterError

_RETRY_SECONDS = 0.05


def wait_for_nodes(
    client: Client,
    nodes: Iterable[str],
    seconds: float,
    tell: Callable[[Mapping[str, str]], object] = lambda _: None,
) -> None:
    """Return when all are Ready; ``tell`` hears which are not, and why, whenever that changes.

    Raises ClusterError after ``seconds`` with a node's condition.
    """
    deadline = time.monotonic() + seconds
    missing = dict.fromkeys(nodes, "the node did not register")
    tell(missing)
    query = {"watch": "true", "timeoutSeconds": str(max(1, int(seconds)))}
    with _opened(client, query, deadline) as answer:
        for line in answer:
            node = json.loads(line)["object"]
            name, ready = node["metadata"]["name"], _ready(node)
            if name in missing:
                missing[name] = ready.get("message") or missing[name]
            if ready.get("status") == "True":
                missing.pop(name, None)
            if not missing:
                return
            tell(missing)
            if time.monotonic() > deadline:
                break
    name, last = next(iter(missing.items()))
    raise ClusterError(
        f"The node {name} was not Ready within {seconds:.0f} s: {last}. The agent's log says more: "
        "see `mk8s status` for its place."
    )


@contextlib.contextmanager
def _opened(
    client: Client, query: dict[str, str], deadline: float
) -> Iterator[http.client.HTTPResponse]:
    """The watch of the node, as soon as the server listens: it may be only just starting."""
    with contextlib.ExitStack() as stack:
        while True:
            left = deadline - time.monotonic()
            try:
                watch = client.stream("/api/v1/nodes", seconds=max(left, 1.0), query=query)
                answer = stack.enter_context(watch)
                break
            except ApiFailure:
                raise
            except CommandError:
                if left < 0:
                    raise
                time.sleep(_RETRY_SECONDS)
        yield answer


def _ready(node: dict[str, Any]) -> dict[str, str]:
    for condition in node.get("status", {}).get("conditions", []):
        if condition["type"] == "Ready":
            found: dict[str, str] = condition
            return found
    return {}
