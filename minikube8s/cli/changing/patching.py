"""Owns writing a changed object: only what has changed is sent, as a patch."""

from __future__ import annotations

from typing import Any

from minikube8s.cli import options
from minikube8s.cli.applying import patching
from minikube8s.cli.changing.chosen import Chosen
from minikube8s.cli.session import Session

Object = dict[str, Any]


def written(
    session: Session,
    one: Chosen,
    wanted: Object,
    dry_run: str,
    manager: str,
    *,
    local: bool = False,
) -> Object | None:
    """The object as it is after the change; None where nothing is to change.

    ``local`` or a client's dry run send nothing.
    """
    if dry_run == "client" or local:
        return wanted if wanted != one.obj else None
    patch, media_type = patching.between(one.resource, one.obj, wanted, one.obj)
    if not patch:
        return None
    query = options.written(dry_run, manager)
    return session.client.json("PATCH", one.path, patch, content_type=media_type, query=query)
