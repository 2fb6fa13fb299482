"""Columns of what nodes and pods use."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from minikube8s.api import quantity
from minikube8s.api.quantity import Quantity
from minikube8s.api.tables.model import NAME, Column, Obj, Table, name_of

_RESOURCES = ("cpu", "memory")
_COLUMNS = (
    NAME,
    Column("cpu", "Processor time used, in cores.", format="quantity"),
    Column("memory", "Memory that cannot be taken back at once.", format="quantity"),
    Column("Window", "How long the use was measured.", format="duration"),
)


def _node(obj: Obj, now: datetime) -> list[Any]:
    return _cells(obj, [obj.get("usage") or {}])


def _pod(obj: Obj, now: datetime) -> list[Any]:
    return _cells(obj, [one.get("usage") or {} for one in obj.get("containers") or ()])


def _cells(obj: Obj, usages: list[Obj]) -> list[Any]:
    sums = (_sum(usage.get(name, "0") for usage in usages) for name in _RESOURCES)
    return [name_of(obj), *sums, obj.get("window", "")]


def _sum(amounts: Iterable[str]) -> str:
    parsed = [quantity.parse(amount) for amount in amounts]
    total = sum(amount.nano for amount in parsed)
    return str(Quantity(total, parsed[0].notation)) if parsed else "0"


NODE_METRICS = Table(_COLUMNS, _node)
POD_METRICS = Table(_COLUMNS, _pod)
