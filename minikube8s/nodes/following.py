"""Following all objects of one resource, with a new list whenever the watch was cut off."""

import logging
from collections.abc import Callable, Iterable

from minikube8s.api.errors import ApiError
from minikube8s.api.resources import Resource
from minikube8s.registry import Registry
from minikube8s.store.entry import Entry
from minikube8s.store.watching import Watch

log = logging.getLogger(__name__)


class Follower:
    """Calls `replace(entries)` with all objects, then `apply(entry, deleted)` for each change."""

    def __init__(
        self,
        registry: Registry,
        resource: Resource,
        replace: Callable[[Iterable[Entry]], None],
        apply: Callable[[Entry, bool], None],
    ) -> None:
        self.resource = resource
        self._registry = registry
        self._replace = replace
        self._apply = apply
        self._watch: Watch | None = None

    def begin(self) -> Watch:
        """Take over what exists; `run` goes on from here."""
        # In one step of the event loop: nothing lies between the watch and the list.
        self._watch = self._registry.watch(self.resource, None, None)
        self._replace(self._registry.list(self.resource, None))
        return self._watch

    async def run(self) -> None:
        """Follow for ever."""
        while True:
            async with self._watch or self.begin() as watch:
                try:
                    async for event in watch:
                        self._apply(event.entry, event.type == "DELETED")
                except ApiError as error:
                    log.warning("following %s starts anew: %s", self.resource.plural, error)
                finally:
                    self._watch = None
