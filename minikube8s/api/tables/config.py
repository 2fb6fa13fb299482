"""Tables of configuration and coordination objects."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from minikube8s.api.tables.model import AGE, NAME, Column, Obj, Table, age, name_of, section


def _config_map(obj: Obj, now: datetime) -> list[Any]:
    entries = len(section(obj, "data")) + len(section(obj, "binaryData"))
    return [name_of(obj), entries, age(obj, now)]


def _secret(obj: Obj, now: datetime) -> list[Any]:
    return [name_of(obj), obj.get("type", ""), len(section(obj, "data")), age(obj, now)]


def _service_account(obj: Obj, now: datetime) -> list[Any]:
    return [name_of(obj), len(obj.get("secrets") or ()), age(obj, now)]


def _lease(obj: Obj, now: datetime) -> list[Any]:
    return [name_of(obj), section(obj, "spec").get("holderIdentity") or "", age(obj, now)]


CONFIG_MAP = Table((NAME, Column("Data", "Number of entries."), AGE), _config_map)
SECRET = Table(
    (NAME, Column("Type", "What the secret is for."), Column("Data", "Number of entries."), AGE),
    _secret,
)
SERVICE_ACCOUNT = Table((NAME, Column("Secrets", "Number of secrets."), AGE), _service_account)
LEASE = Table((NAME, Column("Holder", "Who holds the lease."), AGE), _lease)
