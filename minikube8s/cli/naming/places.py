"""Owns what tells an object from all others of a server."""

from __future__ import annotations

from typing import NamedTuple


class Place(NamedTuple):
    """Where an object belongs: its kind (`deployments.apps`), namespace and name."""

    kind: str
    namespace: str
    name: str
