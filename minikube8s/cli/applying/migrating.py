"""What a server-side apply takes over from client-side ones: their fields (KEP-555). Pure.

Without it a field that leaves the file would stay for ever: the older manager would still have it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from minikube8s.cli.applying import lastapplied

Entry = dict[str, Any]
_ANNOTATION = ("f:metadata", "f:annotations", f"f:{lastapplied.ANNOTATION}")


def owners(entries: Iterable[Entry], operation: str) -> set[str]:
    """The managers that have the annotation of what was applied last by this kind of write."""
    return {
        str(entry.get("manager"))
        for entry in entries
        if entry.get("operation") == operation and not entry.get("subresource") and _has(entry)
    }


def taken_over(
    entries: Iterable[Entry], former: Collection[str], manager: str
) -> list[Entry] | None:
    """The managedFields in which ``manager`` has applied what ``former`` wrote; None: as before."""
    mine: Entry | None = None
    kept, fields = [], []
    for entry in entries:
        plain = not entry.get("subresource")
        if plain and entry.get("operation") == "Update" and entry.get("manager") in former:
            fields.append(entry.get("fieldsV1") or {})
            continue
        if plain and entry.get("operation") == "Apply" and entry.get("manager") == manager:
            mine = dict(entry)
            kept.append(mine)
        else:
            kept.append(entry)
    if not fields or mine is None:
        return None
    for more in fields:
        mine["fieldsV1"] = _united(mine.get("fieldsV1") or {}, more)
    return kept


def _has(entry: Entry) -> bool:
    at: Any = entry.get("fieldsV1")
    for part in _ANNOTATION:
        if not isinstance(at, dict) or part not in at:
            return False
        at = at[part]
    return True


def _united(one: Entry, other: Entry) -> Entry:
    """Both sets of fields as one: they are written as maps in maps."""
    return {
        key: _united(one.get(key) or {}, other.get(key) or {})
        for key in dict.fromkeys((*one, *other))
    }
