"""Who owns which fields of an object: the entries of `metadata.managedFields`.

Owns their form, their order and their number. How ownership moves is told in `ownership`.
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple, TypeAlias

from minikube8s.api.apply.fields import Fields, checked, union

Operation = Literal["Apply", "Update"]
Entry: TypeAlias = dict[str, Any]

UPDATERS = 10
"""How many `Update` entries an object keeps before the oldest are merged."""
ANCIENT = "ancient-changes"
BEFORE_APPLY = "before-first-apply"
LONGEST_NAME = 128
"""The most characters of a manager's name."""


class Manager(NamedTuple):
    """Whom an entry is about. An applier is the same one in every version of the API."""

    name: str
    operation: Operation
    api_version: str = ""
    subresource: str = ""


class Owned(NamedTuple):
    """What a manager owns: fields as they are called in `api_version`; when it last took some."""

    fields: Fields
    api_version: str
    time: str = ""


Managers: TypeAlias = dict[Manager, Owned]


def manager(name: str, operation: Operation, api_version: str, subresource: str = "") -> Manager:
    """Return the identity under which a write is entered."""
    version = "" if operation == "Apply" else api_version
    return Manager(name, operation, version, subresource)


def identity(entry: Entry) -> Manager:
    """Return whom an entry is about."""
    return manager(
        entry.get("manager", ""),
        entry["operation"],
        entry.get("apiVersion", ""),
        entry.get("subresource", ""),
    )


def decode(entries: list[Entry] | None) -> Managers:
    """Return the owners that stored entries tell of."""
    return {
        identity(entry): Owned(entry["fieldsV1"], entry["apiVersion"], entry.get("time", ""))
        for entry in entries or ()
    }


def decode_foreign(entries: list[Entry]) -> Managers:
    """Return the owners that a client's entries tell of. Raises ValueError for bad entries."""
    managers: Managers = {}
    for entry in entries:
        if entry.get("operation") not in ("Apply", "Update"):
            raise ValueError("operation: must be `Apply` or `Update`")
        if entry.get("fieldsType", "FieldsV1") != "FieldsV1":
            raise ValueError("fieldsType: must be `FieldsV1`")
        if not entry.get("apiVersion"):
            raise ValueError("apiVersion: must not be empty")
        if len(entry.get("manager", "")) > LONGEST_NAME:
            raise ValueError(f"manager: may not be more than {LONGEST_NAME} characters")
        fields = checked(entry.get("fieldsV1") or {})
        key = identity(entry)
        if key in managers:
            fields = union(managers[key].fields, fields)
        if fields:
            managers[key] = Owned(fields, entry["apiVersion"], entry.get("time", ""))
    return managers


def encode(managers: Managers) -> list[Entry]:
    """Return the entries for these owners: appliers first, then by time."""
    entries: list[Entry] = []
    for key, owned in managers.items():
        entry: Entry = {
            "manager": key.name,
            "operation": key.operation,
            "apiVersion": owned.api_version,
            "fieldsType": "FieldsV1",
            "fieldsV1": owned.fields,
        }
        if owned.time:
            entry["time"] = owned.time
        if key.subresource:
            entry["subresource"] = key.subresource
        entries.append(entry)
    order(entries)
    return entries


def order(entries: list[Entry]) -> None:
    """Sort entries in place."""
    entries.sort(
        key=lambda e: (
            e["operation"],
            e.get("time", ""),
            e["manager"],
            e["apiVersion"],
            e.get("subresource", ""),
        )
    )


def capped(managers: Managers, newest: Manager) -> Managers:
    """Return the owners with at most `UPDATERS` updaters: the oldest become `ancient-changes`.

    `newest` is about to take the present time.
    """
    updaters = [key for key in managers if key.operation == "Update"]
    excess = len(updaters) - UPDATERS
    if excess <= 0:
        return managers
    updaters.sort(key=lambda key: (key == newest, managers[key].time, key))
    kept = dict(managers)
    firsts: dict[str, Manager] = {}
    for key in updaters:
        if excess <= 0:
            break
        owned = kept[key]
        bucket = Manager(ANCIENT, "Update", owned.api_version)
        first = firsts.setdefault(owned.api_version, key)
        if first == key:
            continue
        older = kept.pop(first) if first in kept else kept[bucket]
        del kept[key]
        fields = union(older.fields, owned.fields)
        kept[bucket] = Owned(fields, owned.api_version, owned.time)
        firsts[owned.api_version] = bucket
        excess -= 1
    return kept
