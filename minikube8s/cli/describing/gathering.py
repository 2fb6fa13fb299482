"""Reads what is told beside described objects. The only part of `describe` that asks for it.

Of a few objects each gets what belongs to it by selectors; for many, collections are read once and
searched here, so that a hundred pods cost no more requests than one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from minikube8s.api.errors import ApiError
from minikube8s.api.meta import annotations_of
from minikube8s.api.resources import (
    EVENTS,
    PODS,
    Resource,
)
from minikube8s.api.selectors import Selector
from minikube8s.cli.connection.client import ApiFailure
from minikube8s.cli.describing import kinds
from minikube8s.cli.describing.anything import anything
from minikube8s.cli.describing.belonging import RELATED
from minikube8s.cli.describing.common import Around, Object, now
from minikube8s.cli.describing.writer import Writer
from minikube8s.cli.naming import targets

FEW = 4
"""Up to how many objects are asked about one by one."""
_MISSHAPEN = (KeyError, TypeError, AttributeError, ValueError, ApiError)
_MIRROR = "kubernetes.io/config.mirror"


class Asks(Protocol):
    """What answers requests: `minikube8s.cli.connection.client.Client`."""

    def json(
        self, method: str, path: str, *, query: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """The decoded answer. Raises ApiFailure."""


def pages(client: Asks, path: str, query: Mapping[str, str], chunk: int) -> list[Object]:
    """All objects of a collection, read ``chunk`` at a time (0: at once). Raises ApiFailure."""
    found: list[Object] = []
    more = {"limit": str(chunk)} if chunk else {}
    while True:
        answer = client.json("GET", path, query={**query, **more})
        found += answer.get("items") or []
        rest = (answer.get("metadata") or {}).get("continue")
        if not rest:
            return found
        more["continue"] = rest


class Gatherer:
    """Describes objects; ``scope`` is the namespace that all of them are in, None where several."""

    def __init__(
        self, client: Asks, count: int, scope: str | None, *, events: bool = True, chunk: int = 500
    ) -> None:
        self._client = client
        self._many = count > FEW
        self._scope = scope
        self._with_events = events
        self._chunk = chunk
        self._now = now()
        self._known: dict[Resource, list[Object] | None] = {}
        self._by_uid: dict[str, list[Object]] | None = None

    def description(self, resource: Resource, obj: Object) -> str:
        """The object in words. Raises ApiFailure where what must be asked for is not shown.

        An object that lacks what its kind must have is told field by field.
        """
        writer = Writer()
        try:
            kinds.describer(resource)(writer, obj, self._around(resource, obj))
        except _MISSHAPEN:
            writer = Writer()
            anything(writer, obj, Around(self._now, self._events(resource, obj)))
        return writer.text()

    def _pages(self, path: str, query: Mapping[str, str]) -> list[Object]:
        return pages(self._client, path, query, self._chunk)

    def _around(self, resource: Resource, obj: Object) -> Around:
        gather = RELATED.get((resource.group, resource.kind))
        related = gather(self, obj) if gather else {}
        wanted = self._with_events and kinds.wants_events(resource)
        return Around(self._now, self._events(resource, obj) if wanted else None, related)

    def listed(
        self,
        resource: Resource,
        namespace: str | None,
        labels: Selector | None = None,
        keep: Callable[[Object], bool] | None = None,
        fields: str = "",
    ) -> list[Object]:
        """Objects by labels, and by ``fields`` (for the server) or ``keep`` (for a whole list)."""
        if labels is not None and labels.nothing:
            return []
        whole = self._whole(resource, namespace) if self._many else None
        if whole is None:
            query = {"labelSelector": str(labels or ""), "fieldSelector": fields}
            query = {key: value for key, value in query.items() if value}
            return self._pages(targets.path(resource, namespace), query)
        return [
            one
            for one in whole
            if namespace in {None, one["metadata"].get("namespace")}
            and (labels is None or labels.matches(one["metadata"].get("labels") or {}))
            and (keep is None or keep(one))
        ]

    def get(self, resource: Resource, namespace: str | None, name: str) -> Object:
        """One object. Raises ApiFailure."""
        return self._client.json("GET", targets.path(resource, namespace, name))

    def _whole(self, resource: Resource, namespace: str | None) -> list[Object] | None:
        """A whole collection, read once; None where it may not be read or is not what is wanted."""
        if self._scope is not None and namespace != self._scope:
            return None
        if resource not in self._known:
            try:
                self._known[resource] = self._pages(targets.path(resource, self._scope), {})
            except ApiFailure:
                self._known[resource] = None
        return self._known[resource]

    def _events(self, resource: Resource, obj: Object) -> list[Object]:
        metadata = obj["metadata"]
        uid = annotations_of(obj).get(_MIRROR) or metadata.get("uid", "")
        uids = [uid, metadata["name"]] if resource.kind == "Node" and not resource.group else [uid]
        namespace = metadata.get("namespace")
        try:
            whole = self._whole(EVENTS, namespace) if self._many else None
            if whole is not None:
                return [one for uid in uids for one in self._index(whole).get(uid, [])]
            place = targets.path(EVENTS, namespace)
            about = {"name": metadata["name"], "namespace": namespace}
            if resource is not PODS:
                about["kind"] = resource.kind
            found = []
            for uid in uids:
                terms = {**about, "uid": uid}
                text = ",".join(f"involvedObject.{k}={v}" for k, v in terms.items() if v)
                found += self._pages(place, {"fieldSelector": text})
        except ApiFailure:
            return []
        return found

    def _index(self, events: list[Object]) -> dict[str, list[Object]]:
        if self._by_uid is None:
            self._by_uid = {}
            for event in events:
                uid = (event.get("involvedObject") or {}).get("uid", "")
                self._by_uid.setdefault(uid, []).append(event)
        return self._by_uid
