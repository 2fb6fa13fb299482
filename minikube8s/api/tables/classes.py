"""Tables of the classes that pods name: of priority and of runtime."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from minikube8s.api.tables.model import AGE, NAME, Column, Obj, Table, age, name_of


def _priority(obj: Obj, now: datetime) -> list[Any]:
    return [
        name_of(obj),
        obj.get("value", 0),
        bool(obj.get("globalDefault")),
        age(obj, now),
        obj.get("preemptionPolicy") or "PreemptLowerPriority",
    ]


def _runtime(obj: Obj, now: datetime) -> list[Any]:
    return [name_of(obj), obj.get("handler", ""), age(obj, now)]


PRIORITY_CLASS = Table(
    (
        NAME,
        Column("Value", "The priority; higher goes first.", "integer"),
        Column("Global-Default", "Whether pods without a class get it.", "boolean"),
        AGE,
        Column("PreemptionPolicy", "Whether its pods push others out."),
    ),
    _priority,
)
RUNTIME_CLASS = Table((NAME, Column("Handler", "What runs its pods."), AGE), _runtime)
