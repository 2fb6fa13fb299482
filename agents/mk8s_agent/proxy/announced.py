"""Which addresses of Services this node shall announce: the master writes it on each Service."""

import asyncio
from collections.abc import Callable, Set

from minikube8s.api.loadbalancing import ANNOUNCED_BY
from minikube8s.api.views import Service
from mk8s_agent.assignments import Assignments, Key


class Announced:
    """Follows the Services. `changed` hears of all addresses whenever they are others."""

    def __init__(
        self, node: str, assignments: Assignments, changed: Callable[[Set[str]], None]
    ) -> None:
        self._node = node
        self._assignments = assignments
        self._changed = changed
        self._addresses: dict[Key, frozenset[str]] = {}

    async def run(self) -> None:
        """Tell of the addresses from the first complete sync on; an eternal task."""
        await self._assignments.synced.wait()
        unsubscribe = self._assignments.subscribe(self._notice)
        try:
            for key in self._assignments.services():
                self._look(key)
            self._tell()
            await asyncio.Event().wait()
        finally:
            unsubscribe()

    def _notice(self, resource: str, key: Key) -> None:
        if resource == "services" and self._look(key):
            self._tell()

    def _look(self, key: Key) -> bool:
        """Read the Service again; whether its addresses are others than before."""
        found = self._assignments.services().get(key)
        fresh = frozenset() if found is None else addresses(found.view, self._node)
        before = self._addresses.pop(key, frozenset())
        if fresh:
            self._addresses[key] = fresh
        return fresh != before

    def _tell(self) -> None:
        self._changed(frozenset().union(*self._addresses.values()))


def addresses(service: Service, node: str) -> frozenset[str]:
    """The Service's addresses that the node announces."""
    if (service.metadata.annotations or {}).get(ANNOUNCED_BY) != node:
        return frozenset()
    return frozenset(one.ip for one in service.status.load_balancer.ingress if one.ip)
