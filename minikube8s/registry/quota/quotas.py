"""ResourceQuotas, enforced: an index of what is used, and reservations of writes under way.

Owns one ledger for each namespace that has a quota; the rest of the cluster costs nothing. The
index follows the cache, so a write, a deletion or an ended pod costs what changed, and a restart
needs nothing else. Between a check and its commit other writers run: what was granted is reserved.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

from minikube8s.api import errors
from minikube8s.api.resources import PODS, RESOURCEQUOTAS, RESOURCES, Resource
from minikube8s.kit.clock import Clock
from minikube8s.registry.quota.ledger import Ledger, Refused
from minikube8s.registry.quota.usage import is_charged
from minikube8s.store.cache import Cache
from minikube8s.store.watching import Event

Object = dict[str, Any]

_FREE = nullcontext()
_RESOURCE_OF_PREFIX = {
    resource.prefix: resource
    for resource in RESOURCES.all()
    if resource.namespaced and not resource.storage
}


class Quotas:
    """What all ResourceQuotas allow. Lives on one event loop."""

    def __init__(self, cache: Cache, clock: Clock) -> None:
        self._cache = cache
        self._clock = clock
        self._ledgers: dict[str, Ledger] = {}

    def observe(self, event: Event) -> None:
        """Follow all objects; an observer of the cache."""
        key = event.entry.key
        if key.startswith(RESOURCEQUOTAS.prefix):
            self._follow(event)
        if not self._ledgers:
            return
        ledger = self._ledgers.get(event.entry.namespace)
        if ledger is not None:
            self._see(ledger, key, None if event.type == "DELETED" else event.entry.object)

    def reserve(
        self, resource: Resource, new: Object, old: Object | None, subresource: str
    ) -> AbstractContextManager[None]:
        """Hold what `new` uses beyond `old` (None: it is new) within the block.

        Raises ApiError 403 when a quota does not allow that much.
        """
        namespace = new["metadata"].get("namespace")
        ledger = self._ledgers.get(namespace) if namespace else None
        if ledger is None or not is_charged(resource, subresource, new=old is None):
            return _FREE
        self._settle(ledger)
        return _reserved(ledger, resource, new, old)

    def used(self, namespace: str, name: str) -> Mapping[str, str]:
        """Return how much of each bounded resource is used of one quota, as it is told."""
        ledger = self._ledgers.get(namespace)
        quota = ledger.quotas.get(name) if ledger else None
        if ledger is None or quota is None:
            return {}
        self._settle(ledger)
        return {bounded: str(quota.used.get(bounded, 0)) for bounded in sorted(quota.hard)}

    def next_end(self, namespace: str) -> float | None:
        """Return in how many seconds a pod whose node does not end it stops being counted."""
        ledger = self._ledgers.get(namespace)
        first = ledger.endings.first() if ledger is not None else None
        if first is None:
            return None
        return max(0.0, (first[0] - self._clock.now()).total_seconds())

    def _settle(self, ledger: Ledger) -> None:
        """Take out of the books the pods whose time to end is over."""
        now = self._clock.now()
        while (first := ledger.endings.first()) is not None and first[0] <= now:
            key = first[1]
            entry = self._cache.get(key)
            ledger.see(key, PODS, None if entry is None else entry.object, now)

    def _follow(self, event: Event) -> None:
        namespace, name = event.entry.namespace, event.entry.name
        if event.type == "DELETED":
            ledger = self._ledgers.get(namespace)
            if ledger is not None:
                ledger.quotas.pop(name, None)
                if not ledger.quotas:
                    del self._ledgers[namespace]
            return
        ledger = self._ledgers.setdefault(namespace, Ledger())
        if ledger.open(name, event.entry.object.get("spec") or {}):
            for prefix in _RESOURCE_OF_PREFIX:
                for entry in self._cache.list(f"{prefix}{namespace}/"):
                    self._see(ledger, entry.key, entry.object)

    def _see(self, ledger: Ledger, key: str, obj: Object | None) -> None:
        resource = _RESOURCE_OF_PREFIX.get(key[: key.find("/") + 1])
        if resource is not None:
            ledger.see(key, resource, obj, self._clock.now())


@contextmanager
def _reserved(
    ledger: Ledger, resource: Resource, new: Object, old: Object | None
) -> Iterator[None]:
    metadata = new["metadata"]
    key = resource.key(metadata["namespace"], metadata["name"])
    try:
        grant = ledger.grant(key, resource, new, old)
    except Refused as refusal:
        raise errors.forbidden(resource, metadata["name"], str(refusal)) from refusal
    try:
        yield
    finally:
        ledger.release(key, grant)
