"""What the registry shows: reads from the cache, without waiting, and watches.

Owns the questions that can be asked of stored objects and the indexes that answer them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from minikube8s.api import errors
from minikube8s.api.resources import PODS, Resource
from minikube8s.api.selectors import Selector
from minikube8s.registry.placement import Placement
from minikube8s.store.cache import Cache, Observer
from minikube8s.store.entry import Entry
from minikube8s.store.watching import Watch

Entries = list[Entry]


class Reads:
    """The objects of a cluster as they are now. Errors are ApiErrors, ready for a client."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache
        self._placement = Placement()
        cache.observe(PODS.prefix, self._placement.observe)

    @property
    def revision(self) -> int:
        """The revision that reads show now."""
        return self._cache.revision

    def get(self, resource: Resource, namespace: str | None, name: str) -> Entry:
        """Return an object; raises ApiError 404."""
        entry = self._cache.get(resource.key(namespace, name))
        if entry is None:
            raise errors.not_found(resource, name)
        return entry

    def list(self, resource: Resource, namespace: str | None = None) -> Entries:
        """Return the objects of one namespace (None: of all), sorted by namespace and name."""
        return self._cache.list(resource.namespace_prefix(namespace))

    def count(self, resource: Resource, namespace: str | None = None) -> int:
        """Return how many objects `list` would return."""
        return self._cache.count(resource.namespace_prefix(namespace))

    def watchers(self, resource: Resource) -> int:
        """Return how many watch the resource, or a part of it, now."""
        return self._cache.watchers(resource.prefix)

    def watch(
        self,
        resource: Resource,
        namespace: str | None = None,
        after: int | None = None,
        name: str = "",
    ) -> Watch:
        """Watch what `list` returns, or the one object `name`; raises ApiError 410.

        After a `list` taken in the same step of the event loop, `after=None` continues it without
        gap or overlap.
        """
        prefix = resource.key(namespace, name) if name else resource.namespace_prefix(namespace)
        return self._cache.watch(prefix, after)

    async def reach_store(self) -> None:
        """Return when the store has answered. Raises StoreError."""
        await self._cache.reach_store()

    def observe(self, resource: Resource, observer: Observer) -> None:
        """Keep an index: call `observer` with what is there, as ADDED, and with every event.

        It runs before any watcher sees the event and must be quick.
        """
        self._cache.observe(resource.prefix, observer)

    def pods_on(self, node: str) -> Entries:
        """Return the pods that are bound to a node, sorted by namespace and name."""
        entries = (self._cache.get(key) for key in self._placement.on(node))
        return [entry for entry in entries if entry is not None]

    def dependents(self, uid: str) -> Entries:
        """Return the objects of all kinds that name `uid` among their owners."""
        return self._cache.indexes.dependents(uid)

    def claimable(
        self, resource: Resource, namespace: str, uid: str, selector: Selector | None = None
    ) -> Entries:
        """Return the objects of a namespace that name `uid` as an owner or have no controller.

        With `selector` the latter only if it may match them, which is up to the caller to see:
        what this costs does not depend on objects with other labels.
        """
        prefix = resource.namespace_prefix(namespace)
        return self._cache.indexes.claimable(resource.prefix, prefix, uid, selector)

    def selected(self, resource: Resource, namespace: str, selector: Selector) -> Entries:
        """Return the objects of a namespace whose labels match, sorted by name, by an index."""
        prefix = resource.namespace_prefix(namespace)
        return self._cache.indexes.selected(resource.prefix, prefix, selector)

    def selecting(
        self,
        resource: Resource,
        namespace: str,
        labels: Mapping[str, str],
        selector_of: Callable[[Entry], Selector],
    ) -> Entries:
        """Return the objects of a namespace whose selector, as `selector_of` tells, matches."""
        prefix = resource.namespace_prefix(namespace)
        return self._cache.indexes.selecting(resource.prefix, prefix, labels, selector_of)
