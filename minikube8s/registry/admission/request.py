"""What is asked of admission, and what it may ask of the cluster."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from minikube8s.api import errors
from minikube8s.api.errors import ApiError
from minikube8s.api.resources import Resource
from minikube8s.store.entry import Entry

Object = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Request:
    """One object on its way into the store.

    `object` is what is to be stored, and what mutating plugins change in place; `old` is what is
    stored now (None: it is new). The subresource is "" for the object as a whole.
    """

    resource: Resource
    object: Object
    old: Object | None = None
    subresource: str = ""

    @property
    def namespace(self) -> str:
        """The object's namespace, "" where its kind has none."""
        namespace: str = self.object["metadata"].get("namespace", "")
        return namespace

    @property
    def name(self) -> str:
        """The object's name."""
        name: str = self.object["metadata"].get("name", "")
        return name

    def forbidden(self, why: str) -> ApiError:
        """Return 403 Forbidden: `pods "x" is forbidden: why`."""
        return errors.forbidden(self.resource, self.name, why)


class Cluster(Protocol):
    """What plugins may ask: reads of what is stored, without waiting."""

    def find(self, resource: Resource, namespace: str, name: str) -> Entry | None:
        """Return the object, or None."""
        ...

    def list(self, resource: Resource, namespace: str) -> list[Entry]:
        """Return the objects of one namespace, or with "" of all."""
        ...
