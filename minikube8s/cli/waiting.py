"""Waiting for the cluster by its own API: a watch, never a poll."""

from __future__ import annotations

import json
import time
from typing import Any

from minikube8s.cli.client import Client
from minikube8s.cluster.errors import ClusterError


def wait_for_node(client: Client, node: str, seconds: float) -> None:
    """Return when ``node`` is Ready. Raises ClusterError after ``seconds`` with its condition."""
    deadline = time.monotonic() + seconds
    last = "the node did not register"
    query = {
        "watch": "true",
        "fieldSelector": f"metadata.name={node}",
        "timeoutSeconds": str(max(1, int(seconds))),
    }
    with client.stream("/api/v1/nodes", seconds=seconds, query=query) as answer:
        for line in answer:
            ready = _ready(json.loads(line)["object"])
            if ready.get("status") == "True":
                return
            last = ready.get("message") or last
            if time.monotonic() > deadline:
                break
    raise ClusterError(
        f"The node {node} was not Ready within {seconds:.0f} s: {last}. The agent's log says more: "
        "see `mk8s status` for its place."
    )


def _ready(node: dict[str, Any]) -> dict[str, str]:
    for condition in node.get("status", {}).get("conditions", []):
        if condition["type"] == "Ready":
            found: dict[str, str] = condition
            return found
    return {}
