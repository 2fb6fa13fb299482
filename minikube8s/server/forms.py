"""The registry as seen through a row whose objects are stored in another form.

Owns where conversion happens: whatever goes in becomes the stored form, whatever comes out that of
the row. Handlers do not know which of the two they work with.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minikube8s.api import conversion
from minikube8s.api.resources import Resource
from minikube8s.registry import DeleteOptions, Registry, WriteOptions
from minikube8s.store import encode
from minikube8s.store.entry import Entry
from minikube8s.store.watching import Event, Watch

Object = dict[str, Any]
Entries = list[Entry]

_WRITE = WriteOptions()
_DELETE = DeleteOptions()


class FormRegistry(Registry):
    """The same registry, on the same state, speaking one row's form.

    Rows without another storage pass through, so that what the registry calls of its own still
    finds the stored objects.
    """

    def __init__(self, registry: Registry) -> None:
        self.__dict__ = registry.__dict__

    def get(self, resource: Resource, namespace: str | None, name: str) -> Entry:
        """Return an object in the row's form; raises ApiError 404."""
        return _shown(resource, super().get(_stored(resource), namespace, name))

    def list(self, resource: Resource, namespace: str | None = None) -> Entries:
        """Return the objects of one namespace (None: of all) in the row's form."""
        return [_shown(resource, entry) for entry in super().list(_stored(resource), namespace)]

    def watch(
        self,
        resource: Resource,
        namespace: str | None = None,
        after: int | None = None,
        name: str = "",
    ) -> Watch:
        """Watch what `list` returns; raises ApiError 410."""
        stored = super().watch(_stored(resource), namespace, after, name)
        return stored if resource.storage is None else FormWatch(resource, stored)

    async def create(
        self,
        resource: Resource,
        namespace: str | None,
        obj: Object,
        options: WriteOptions = _WRITE,
    ) -> Entry:
        """Create an object given in the row's form and return it so."""
        wanted = conversion.to_storage(resource, obj)
        entry = await super().create(_stored(resource), namespace, wanted, options)
        return _shown(resource, entry)

    async def update(
        self,
        resource: Resource,
        namespace: str | None,
        name: str,
        change: Callable[[Object], Object],
        subresource: str = "",
        options: WriteOptions = _WRITE,
    ) -> Entry:
        """Replace an object by what `change` makes of its form as of the row."""

        def changed(current: Object) -> Object:
            return conversion.to_storage(
                resource, change(conversion.from_storage(resource, current))
            )

        stored = _stored(resource)
        entry = await super().update(stored, namespace, name, changed, subresource, options)
        return _shown(resource, entry)

    async def apply(
        self,
        resource: Resource,
        namespace: str | None,
        name: str,
        config: Object,
        subresource: str = "",
        options: WriteOptions = _WRITE,
        *,
        force: bool = False,
        may_create: Callable[[], None] = lambda: None,
    ) -> tuple[Entry, bool]:
        """Apply a configuration given in the row's form; it owns fields of the stored one."""
        entry, created = await super().apply(
            _stored(resource),
            namespace,
            name,
            conversion.to_storage(resource, config),
            subresource,
            options,
            force=force,
            may_create=may_create,
        )
        return _shown(resource, entry), created

    async def delete(
        self,
        resource: Resource,
        namespace: str | None,
        name: str,
        options: DeleteOptions = _DELETE,
    ) -> tuple[Entry, bool]:
        """Delete an object; return its last state and whether it is gone already."""
        entry, gone = await super().delete(_stored(resource), namespace, name, options)
        return _shown(resource, entry), gone

    async def delete_collection(
        self,
        resource: Resource,
        namespace: str | None,
        matches: Callable[[Entry], bool] = lambda _: True,
        options: DeleteOptions = _DELETE,
    ) -> Entries:
        """Delete all objects of `list` that match in the row's form; return their last states."""
        entries = await super().delete_collection(
            _stored(resource), namespace, lambda entry: matches(_shown(resource, entry)), options
        )
        return [_shown(resource, entry) for entry in entries]


class FormWatch(Watch):
    """A watch of the stored objects whose events show them in a row's form."""

    def __init__(self, resource: Resource, stored: Watch) -> None:
        self.prefix = stored.prefix
        self._resource = resource
        self._stored = stored

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._stored.closed

    @property
    def revision(self) -> int:
        """Every event up to this revision has been handed out."""
        return self._stored.revision

    def close(self) -> None:
        """End the watch."""
        self._stored.close()

    async def batch(self, timeout: float | None = None) -> list[Event]:
        """Return the events at hand in the row's form. Raises ApiError 410."""
        return [_event(self._resource, event) for event in await self._stored.batch(timeout)]

    async def __anext__(self) -> Event:
        return _event(self._resource, await anext(self._stored))


def _stored(resource: Resource) -> Resource:
    return resource.storage or resource


def _shown(resource: Resource, entry: Entry) -> Entry:
    if resource.storage is None:
        return entry
    obj = conversion.from_storage(resource, encode.decode(entry.value))
    key = resource.key(entry.namespace or None, entry.name)
    # An object of a dry run was never stored and has no revision.
    value = encode.blob(obj).at(entry.revision) if entry.revision else encode.unrevised(obj)
    return Entry(key, value, entry.revision)


def _event(resource: Resource, event: Event) -> Event:
    previous = event.previous and _shown(resource, event.previous)
    return event._replace(entry=_shown(resource, event.entry), previous=previous)
