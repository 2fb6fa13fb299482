"""Hooks of kinds are named by text and loaded with the first object of their kind.

A cluster uses a third of the kinds that it serves; the master does not hold the code of the rest.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any


def attribute(package: str, path: str) -> Any:
    """Return what `module:name` names below `package`."""
    module, _, name = path.partition(":")
    return getattr(import_module(f"{package}.{module}"), name)
