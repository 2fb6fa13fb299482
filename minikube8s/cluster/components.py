"""Owns which daemons a home has, whatever sort of cluster is in it."""

from __future__ import annotations

from minikube8s.cluster import lifecycle
from minikube8s.cluster.config import Home
from minikube8s.cluster.lifecycle import Component
from minikube8s.cluster.membership import joined
from minikube8s.cluster.simulated import running as simulated


def present(home: Home) -> list[Component]:
    """The daemons of a cluster, of a simulated one, or of a joined node. Raises ClusterError."""
    if home.is_joined():
        return [joined.status(home)]
    return simulated.status(home) if home.is_simulated() else lifecycle.status(home)
