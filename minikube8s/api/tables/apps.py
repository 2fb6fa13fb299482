"""Tables of workloads."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from minikube8s.api.tables.model import (
    AGE,
    CONTAINERS,
    IMAGES,
    NAME,
    SELECTOR,
    Column,
    Obj,
    Table,
    age,
    label_selector,
    name_of,
    section,
    template_cells,
)


def _workload_cells(spec: Obj) -> list[str]:
    """Return the wide cells: containers, images, selector."""
    return [*template_cells(section(spec, "template")), label_selector(spec.get("selector") or {})]


def _deployment(obj: Obj, now: datetime) -> list[Any]:
    spec, status = section(obj, "spec"), section(obj, "status")
    return [
        name_of(obj),
        f"{status.get('readyReplicas', 0)}/{spec.get('replicas', 1)}",
        status.get("updatedReplicas", 0),
        status.get("availableReplicas", 0),
        age(obj, now),
        *_workload_cells(spec),
    ]


def _replica_set(obj: Obj, now: datetime) -> list[Any]:
    spec, status = section(obj, "spec"), section(obj, "status")
    return [
        name_of(obj),
        spec.get("replicas", 1),
        status.get("replicas", 0),
        status.get("readyReplicas", 0),
        age(obj, now),
        *_workload_cells(spec),
    ]


DEPLOYMENT = Table(
    (
        NAME,
        Column("Ready", "Number of the pod with ready state"),
        Column("Up-to-date", "Pods that have the current template.", "integer"),
        Column("Available", "Pods ready for at least minReadySeconds.", "integer"),
        AGE,
        CONTAINERS,
        IMAGES,
        SELECTOR,
    ),
    _deployment,
)
REPLICA_SET = Table(
    (
        NAME,
        Column("Desired", "Number of pods asked for.", "integer"),
        Column("Current", "Number of pods that exist.", "integer"),
        Column("Ready", "Number of pods that are ready.", "integer"),
        AGE,
        CONTAINERS,
        IMAGES,
        SELECTOR,
    ),
    _replica_set,
)
