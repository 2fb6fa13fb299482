"""Which pods are ours, and which changes may make a decision come out differently. Pure."""

from __future__ import annotations

from typing import Any

from minikube8s.api.views import Node, Pod
from minikube8s.store.watching import Event

SCHEDULER = "default-scheduler"
"""The schedulerName of the pods that are ours."""


def asks(pod: Pod) -> bool:
    """Tell whether the pod waits for this scheduler."""
    return (
        pod.spec.scheduler_name == SCHEDULER
        and not pod.spec.node_name
        and not pod.terminal
        and pod.metadata.deletion_timestamp is None
    )


def is_news(event: Event) -> bool:
    """Tell whether a decision about the pod may come out differently than before."""
    if event.previous is None:
        return True
    before, after = event.previous.view(Pod), event.entry.view(Pod)
    return before.spec != after.spec or before.metadata.labels != after.metadata.labels


def offer(node: Node) -> tuple[Any, ...]:
    """Return everything about a node that decides whether it can take a pod."""
    return (
        node.spec.unschedulable,
        node.spec.taints,
        node.metadata.labels,
        node.status.allocatable,
    )
