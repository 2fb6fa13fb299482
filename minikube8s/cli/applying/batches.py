"""Which objects may be written beside each other, and which have to wait for those before. Pure."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import TypeVar

from minikube8s.cli.naming.places import Place

T = TypeVar("T")

_INDEPENDENT = {
    "configmaps", "secrets", "services", "persistentvolumeclaims",
    "deployments.apps", "daemonsets.apps", "statefulsets.apps", "replicasets.apps",
    "jobs.batch", "cronjobs.batch", "ingresses.networking.k8s.io",
    "networkpolicies.networking.k8s.io", "poddisruptionbudgets.policy",
    "horizontalpodautoscalers.autoscaling", "roles.rbac.authorization.k8s.io",
    "rolebindings.rbac.authorization.k8s.io",
}  # fmt: skip
"""Kinds of which the server takes one whatever there is of the others."""


def batches(items: Iterable[tuple[Place, T]]) -> list[list[T]]:
    """The items in order, cut wherever one may depend on another before it.

    Within a batch the order does not matter: no object stands in it twice, and all are of one kind
    or of kinds that do not ask for each other. A Namespace is there before what lies in it.
    """
    found: list[list[T]] = []
    group: Hashable = None
    seen: set[Place] = set()
    for place, item in items:
        mine = "independent" if place.kind in _INDEPENDENT else place.kind
        if not found or mine != group or place in seen:
            found.append([])
            seen = set()
        group = mine
        seen.add(place)
        found[-1].append(item)
    return found
