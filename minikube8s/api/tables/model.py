"""What a table is, and the cells that many kinds share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from minikube8s.api import times
from minikube8s.api.errors import ApiError
from minikube8s.api.selectors import from_label_selector

NONE = "<none>"
UNKNOWN = "<unknown>"
UNSET = "<unset>"
MOST_SHOWN = 3
"""How many addresses or ports a cell lists before it only counts."""

Obj = Mapping[str, Any]


class Column(NamedTuple):
    """A column; priority 1 shows in wide output only."""

    name: str
    description: str
    type: str = "string"
    priority: int = 0
    format: str = ""


class Table(NamedTuple):
    """A kind's columns, and the function that computes a row of them."""

    columns: tuple[Column, ...]
    cells: Callable[[Obj, datetime], list[Any]]


NAME = Column("Name", "Name of the object, unique in its namespace.", format="name")
AGE = Column("Age", "Time since the object was created.")
CREATED = Column("Created At", "When the object was created.", "date")


def wide(name: str, description: str) -> Column:
    """Return a column that shows in wide output only."""
    return Column(name, description, priority=1)


CONTAINERS = wide("Containers", "Names of each container in the template.")
IMAGES = wide("Images", "Images referenced by each container in the template.")
SELECTOR = wide("Selector", "Labels that the object's pods have.")


def name_of(obj: Obj) -> str:
    """Return the object's name."""
    name: str = (obj.get("metadata") or {}).get("name", "")
    return name


def age(obj: Obj, now: datetime) -> str:
    """Return the time since the object's creation."""
    return times.age((obj.get("metadata") or {}).get("creationTimestamp"), now)


def created(obj: Obj) -> str:
    """Return when the object was created."""
    at: str = (obj.get("metadata") or {}).get("creationTimestamp") or UNKNOWN
    return at


def flag(value: bool | None) -> str:
    """Return a boolean that may be unset as a word."""
    return UNSET if value is None else str(value)


def section(obj: Obj, name: str) -> Obj:
    """Return a part of an object, empty when it is absent."""
    part: Obj = obj.get(name) or {}
    return part


def label_selector(selector: Obj | None) -> str:
    """Return a LabelSelector as text: `app=nginx,tier in (a,b)`; `<error>` for a wrong one."""
    try:
        return str(from_label_selector(selector)) or NONE
    except ApiError:
        return "<error>"


def label_map(labels: Mapping[str, str] | None) -> str:
    """Return labels as text: `app=nginx,tier=web`."""
    return ",".join(f"{key}={value}" for key, value in sorted((labels or {}).items())) or NONE


def template_cells(template: Obj) -> list[str]:
    """Return the cells of `CONTAINERS` and `IMAGES` for a pod template."""
    containers = section(template, "spec").get("containers") or ()
    return [
        ",".join(container.get("name", "") for container in containers),
        ",".join(container.get("image", "") for container in containers),
    ]


def shortened(items: Sequence[str], empty: str) -> str:
    """Return at most `MOST_SHOWN` items and how many more there are."""
    if not items:
        return empty
    listed = ",".join(items[:MOST_SHOWN])
    more = len(items) - MOST_SHOWN
    return f"{listed} + {more} more..." if more > 0 else listed
