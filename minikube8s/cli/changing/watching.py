"""An object as it is and as it becomes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from minikube8s.cli.awaiting import watching
from minikube8s.cli.changing.chosen import Chosen
from minikube8s.cli.errors import CommandError
from minikube8s.cli.session import Session


def versions(session: Session, one: Chosen, deadline: float) -> Iterator[dict[str, Any]]:
    """``one`` as it is now, then whenever it changes, until ``deadline`` (time.monotonic).

    Raises CommandError when the object is deleted.
    """
    query = {"fieldSelector": f"metadata.name={one.name}"}
    namespace = one.namespace or None
    for found in watching.follow(session.client, one.resource, namespace, query, deadline):
        if not found:
            raise CommandError("object has been deleted")
        yield {**one.obj, **found[0]}
