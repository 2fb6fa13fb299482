"""Owns what tells machines apart: clones share the one, and not every machine has the other."""

from __future__ import annotations

from pathlib import Path

_MACHINE_ID = Path("/etc/machine-id")
_PRODUCT_UUID = Path("/sys/class/dmi/id/product_uuid")
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def machine_id() -> str:
    """The installed system's, "" for one that has none. See machine-id(5)."""
    return _word(_MACHINE_ID)


def system_uuid() -> str:
    """The hardware's, virtual or not; the system's where that has none."""
    return _word(_PRODUCT_UUID) or machine_id()


def boot_id() -> str:
    """What tells one start of the machine from another. See random(4)."""
    return _word(_BOOT_ID)


def _word(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""
