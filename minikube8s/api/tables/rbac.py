"""Tables of roles and of their bindings; those of the cluster look the same."""

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
    wide,
)


def _role(obj: Obj, now: datetime) -> list[Any]:
    return [name_of(obj), created(obj)]


def _binding(obj: Obj, now: datetime) -> list[Any]:
    role = section(obj, "roleRef")
    return [
        name_of(obj),
        f"{role.get('kind', '')}/{role.get('name', '')}",
        age(obj, now),
        *(", ".join(_subjects(obj, kind)) for kind in ("User", "Group", "ServiceAccount")),
    ]


def _subjects(obj: Obj, kind: str) -> Iterator[str]:
    for subject in obj.get("subjects") or ():
        if subject.get("kind") == kind:
            name = subject.get("name", "")
            account = kind == "ServiceAccount"
            yield f"{subject.get('namespace', '')}/{name}" if account else name


ROLE = Table((NAME, CREATED), _role)
ROLE_BINDING = Table(
    (
        NAME,
        Column("Role", "The role that it gives."),
        AGE,
        wide("Users", "Users that get the role."),
        wide("Groups", "Groups that get the role."),
        wide("ServiceAccounts", "Service accounts that get the role."),
    ),
    _binding,
)
