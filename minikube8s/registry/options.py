"""What callers may ask of a write, and what a cluster is configured with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

Admit = Callable[[dict[str, Any], dict[str, Any] | None], None]
"""Called with an object as it would be stored, and as it was (None: it is new).

It may write down in the new one what only the caller knows (who asks). Raises ApiError.
"""
Propagation = Literal["Background", "Foreground", "Orphan"]


@dataclass(frozen=True, slots=True)
class WriteOptions:
    """Options of create and update."""

    dry_run: bool = False
    """Do everything but store the result."""
    field_manager: str = ""
    """Whom the changes are entered under in metadata.managedFields; "": nobody."""
    admit: Admit | None = None
    """What the caller has to say about the finished object, at each attempt to store it."""


@dataclass(frozen=True, slots=True)
class DeleteOptions:
    """Options of delete, as meta/v1 DeleteOptions. "" and None mean: not given."""

    grace_period_seconds: int | None = None
    propagation: Propagation | None = None
    uid: str = ""
    """Precondition: delete only the object with this uid."""
    resource_version: str = ""
    """Precondition: delete only this revision."""
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class RegistryConfig:
    """The ranges that Services are given addresses and ports from.

    `service_cidr` is one range, or one of each family with a comma between, the default one first.
    """

    service_cidr: str = "10.96.0.0/12"
    node_port_range: tuple[int, int] = (30000, 32767)
    """First and last port."""
