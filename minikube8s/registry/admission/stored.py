"""The stored objects, as admission sees them."""

from __future__ import annotations

from contextlib import closing

from minikube8s.api.resources import SERVICEACCOUNTS, Resource
from minikube8s.registry.admission import accounts
from minikube8s.registry.admission.request import Object
from minikube8s.store.cache import Cache
from minikube8s.store.entry import Entry

ACCOUNT_DEADLINE = 1.5
"""Seconds that a pod's creation waits for the default account of a namespace just created."""


class Stored:
    """The cache as a `Cluster`."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache

    def find(self, resource: Resource, namespace: str, name: str) -> Entry | None:
        """Return the object, or None."""
        return self._cache.get(resource.key(namespace, name))

    def list(self, resource: Resource, namespace: str) -> list[Entry]:
        """Return the objects of one namespace, or with "" of all."""
        return self._cache.list(resource.namespace_prefix(namespace))

    async def await_account(self, pod: Object) -> None:
        """Wait a moment for the account that every namespace gets from a controller."""
        account = accounts.account_of(pod.get("spec") or {})
        if account != accounts.DEFAULT or accounts.is_mirror(pod):
            return
        key = SERVICEACCOUNTS.key(pod["metadata"]["namespace"], accounts.DEFAULT)
        if self._cache.get(key) is None:
            with closing(self._cache.watch(key)) as watch:
                await watch.batch(ACCOUNT_DEADLINE)
