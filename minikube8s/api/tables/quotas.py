"""Tables of what bounds a namespace: quotas, ranges and disruption budgets."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from minikube8s.api.tables.model import (
    AGE,
    CREATED,
    NAME,
    Column,
    Obj,
    Table,
    age,
    created,
    name_of,
    section,
)


def _quota(obj: Obj, now: datetime) -> list[Any]:
    return [
        name_of(obj),
        ", ".join(_used(obj, limits=False)),
        ", ".join(_used(obj, limits=True)),
        age(obj, now),
    ]


def _used(quota: Obj, *, limits: bool) -> Iterator[str]:
    status = section(quota, "status")
    used = section(status, "used")
    for resource, hard in sorted(section(status, "hard").items()):
        if resource.startswith("limits") is limits:
            yield f"{resource}: {used.get(resource, 0)}/{hard}"


def _range(obj: Obj, now: datetime) -> list[Any]:
    return [name_of(obj), created(obj)]


def _budget(obj: Obj, now: datetime) -> list[Any]:
    spec = section(obj, "spec")
    return [
        name_of(obj),
        str(spec.get("minAvailable", "N/A")),
        str(spec.get("maxUnavailable", "N/A")),
        section(obj, "status").get("disruptionsAllowed", 0),
        age(obj, now),
    ]


RESOURCE_QUOTA = Table(
    (
        NAME,
        Column("Request", "Used and allowed requests, and numbers of objects."),
        Column("Limit", "Used and allowed limits."),
        AGE,
    ),
    _quota,
)
LIMIT_RANGE = Table((NAME, CREATED), _range)
POD_DISRUPTION_BUDGET = Table(
    (
        NAME,
        Column("Min Available", "Pods that must stay available."),
        Column("Max Unavailable", "Pods that may be unavailable."),
        Column("Allowed Disruptions", "Pods that may be evicted now.", "integer"),
        AGE,
    ),
    _budget,
)
