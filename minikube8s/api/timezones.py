"""Time zones by their IANA names, from the machine's data or else from the package tzdata."""

from __future__ import annotations

from datetime import tzinfo


def find(name: str) -> tzinfo | None:
    """Return the zone of that name, or None when there is none."""
    import zoneinfo  # noqa: PLC0415 - few schedules name a zone

    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return None
