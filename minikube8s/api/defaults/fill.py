"""The one rule by which a default is put into an object."""

from __future__ import annotations

from typing import Any


def fill(obj: dict[str, Any], **defaults: Any) -> None:
    """Set each field that is absent, null or an empty text; numbers and booleans count as set."""
    for name, value in defaults.items():
        present = obj.get(name)
        if present is None or present == "":
            obj[name] = value
