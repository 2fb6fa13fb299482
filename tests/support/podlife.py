"""What the end-to-end tests ask of a pod on its way from the first container to the last."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.support import manifests
from tests.support.cluster import Cluster, is_ready, kubectls
from tests.support.wait import until


def apply(cluster: Cluster, *objects: Any) -> None:
    """`kubectl apply` of ``objects``."""
    cluster.kubectl("apply", "-f", "-", input=manifests.text(*objects)).ok()


def status(cluster: Cluster, pod: str) -> dict[str, Any]:
    """The pod's status."""
    found: dict[str, Any] = cluster.get("pod", pod)["status"]
    return found


def container_status(cluster: Cluster, pod: str, name: str) -> dict[str, Any]:
    """One container's status, whatever kind of container it is; empty when there is none yet."""
    told = status(cluster, pod)
    kinds = ("initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses")
    every = [one for kind in kinds for one in told.get(kind, [])]
    return next((one for one in every if one["name"] == name), {})


def events(cluster: Cluster, pod: str) -> list[tuple[str, str]]:
    """(reason, message) of each event about the pod."""
    items = cluster.get("events", "--field-selector", f"involvedObject.name={pod}")["items"]
    return [(one["reason"], one["message"]) for one in items]


def ready(cluster: Cluster, *pods: str, seconds: float = 60) -> None:
    """Wait until these pods are ready."""
    for name in pods:
        until(f"{name} is ready", lambda n=name: is_ready(cluster.get("pod", n)), seconds)  # type: ignore[misc]


def gone(cluster: Cluster, *pods: str, seconds: float = 30) -> None:
    """Wait until the API has none of these pods."""
    until(
        f"{pods} are gone",
        lambda: not set(pods) & {one["metadata"]["name"] for one in cluster.pods()},
        seconds,
    )


@contextmanager
def followed(cluster: Cluster, pod: str, container: str) -> Iterator[subprocess.Popen[str]]:
    """`kubectl logs -f`, to hear what a container says to its end."""
    program = list(kubectls().values())[-1]
    with subprocess.Popen(
        [program, "logs", "-f", pod, "-c", container],
        env=cluster.environment, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        try:
            yield process
        finally:
            process.kill()
