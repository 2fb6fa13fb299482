"""The table of all rows. Its order decides who keeps a word that two kinds claim."""

from __future__ import annotations

from minikube8s.api.resources import (
    access,
    core,
    metrics,
    networking,
    reviews,
    storage,
    system,
    workloads,
)
from minikube8s.api.resources.model import ResourceTable

RESOURCES = ResourceTable(
    (
        *core.ROWS,
        *workloads.ROWS,
        *networking.ROWS,
        *storage.ROWS,
        *access.ROWS,
        *reviews.ROWS,
        *system.ROWS,
        *metrics.ROWS,
    )
)
