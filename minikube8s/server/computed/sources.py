"""What such a kind has to provide."""

from __future__ import annotations

from typing import Any, Protocol

import msgspec

from minikube8s.api.resources import Resource
from minikube8s.server.call import Call
from minikube8s.store.entry import Entry

Object = dict[str, Any]


class Source(Protocol):
    """Makes the objects of one kind."""

    async def get(self, call: Call) -> Entry:
        """Make the object that the call names. Raises ApiError."""
        ...

    async def all(self, call: Call) -> list[Entry]:
        """Make all objects of the call's namespace, None being all, sorted by their keys."""
        ...


def entry(resource: Resource, obj: Object) -> Entry:
    """Return an object as handlers pass it on."""
    metadata = obj["metadata"]
    key = resource.key(metadata.get("namespace"), metadata["name"])
    head = {"kind": resource.kind, "apiVersion": resource.api_version}
    return Entry(key, msgspec.json.encode({**head, **obj}), 0)
