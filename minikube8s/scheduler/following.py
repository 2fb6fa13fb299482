"""Follows nodes, pods, namespaces and Services: what they mean for waiting pods.

Owns the watches, and what is done after one was cut off: everything is compared with what is known.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing
from typing import Protocol

from minikube8s.api.errors import ApiError
from minikube8s.api.resources import NAMESPACES, NODES, PODS, SERVICES
from minikube8s.api.views import Node, Pod, Service
from minikube8s.kit.tasks import Supervisor
from minikube8s.registry import Registry
from minikube8s.scheduler.framework import Change
from minikube8s.scheduler.knowledge import Knowledge
from minikube8s.scheduler.pods import PodKey
from minikube8s.store.watching import Event


class Listener(Protocol):
    """Who is told."""

    def asks(self, pod: Pod, /) -> bool:
        """Tell whether the pod waits for a node."""
        ...

    def pod_changed(self, key: PodKey, /) -> None:
        """Take in a pod's newest state."""
        ...

    def pod_asks(self, key: PodKey, pod: Pod, /) -> None:
        """Look for a node for a pod that is new, or has changed."""
        ...

    def changed(self, changes: Iterable[Change], /) -> None:
        """Look again at the pods that something may help."""
        ...

    def missed(self) -> None:
        """Look again at everything that waits."""
        ...

    def waiting(self) -> set[PodKey]:
        """Return the pods that wait, as far as known."""
        ...


class Follower:
    """Watches, in tasks of a supervisor."""

    def __init__(self, registry: Registry, knowledge: Knowledge, listener: Listener) -> None:
        self._registry = registry
        self._knowledge = knowledge
        self._listener = listener

    def start(self, supervisor: Supervisor) -> None:
        """Start watching."""
        supervisor.spawn("watch nodes", self._follow_nodes)
        supervisor.spawn("watch pods", self._follow_pods)
        supervisor.spawn("watch namespaces", self._follow_namespaces)
        supervisor.spawn("watch services", self._follow_services)

    async def _follow_nodes(self) -> None:
        while True:
            with closing(self._registry.watch(NODES)) as watch:
                entries = self._registry.list(NODES)
                known = {entry.name for entry in entries}
                for state in self._knowledge.usage.view().states:
                    if state.name not in known:
                        self._listener.changed(self._knowledge.remove_node(state.name))
                for entry in entries:
                    self._knowledge.set_node(entry.view(Node))
                self._listener.missed()
                try:
                    async for event in watch:
                        self._node_changed(event)
                except ApiError as error:
                    if error.code != 410:
                        raise

    def _node_changed(self, event: Event) -> None:
        if event.type == "DELETED":
            changes = self._knowledge.remove_node(event.entry.name)
        else:
            changes = self._knowledge.set_node(event.entry.view(Node))
        self._listener.changed(changes)

    async def _follow_pods(self) -> None:
        while True:
            with closing(self._registry.watch(PODS)) as watch:
                entries = self._registry.list(PODS)
                known = {(entry.namespace, entry.name) for entry in entries}
                gone = (self._knowledge.usage.pods() | self._listener.waiting()) - known
                for key in gone:
                    self._listener.pod_changed(key)
                for entry in entries:
                    self._pod_changed(Event("ADDED", entry, None, entry.revision))
                self._listener.missed()
                try:
                    async for event in watch:
                        self._pod_changed(event)
                except ApiError as error:
                    if error.code != 410:
                        raise

    def _pod_changed(self, event: Event) -> None:
        key = (event.entry.namespace, event.entry.name)
        self._listener.pod_changed(key)
        if event.type == "DELETED":
            return
        pod = event.entry.view(Pod)
        if not self._listener.asks(pod):
            return
        before = event.previous.view(Pod) if event.previous is not None else None
        if _is_news(before, pod):
            self._listener.pod_asks(key, pod)

    async def _follow_namespaces(self) -> None:
        known = self._knowledge.surroundings.population.namespaces
        while True:
            with closing(self._registry.watch(NAMESPACES)) as watch:
                entries = self._registry.list(NAMESPACES)
                for name in known.names() - {entry.name for entry in entries}:
                    self._listener.changed(self._knowledge.remove_namespace(name))
                for entry in entries:
                    self._namespace_changed(Event("ADDED", entry, None, entry.revision))
                try:
                    async for event in watch:
                        self._namespace_changed(event)
                except ApiError as error:
                    if error.code != 410:
                        raise

    def _namespace_changed(self, event: Event) -> None:
        entry = event.entry
        if event.type == "DELETED":
            self._listener.changed(self._knowledge.remove_namespace(entry.name))
        else:
            self._listener.changed(self._knowledge.set_namespace(entry.name, entry.labels))

    async def _follow_services(self) -> None:
        services = self._knowledge.surroundings.services
        while True:
            with closing(self._registry.watch(SERVICES)) as watch:
                entries = self._registry.list(SERVICES)
                for key in services.keys() - {(entry.namespace, entry.name) for entry in entries}:
                    services.remove(key)
                for entry in entries:
                    self._service_changed(Event("ADDED", entry, None, entry.revision))
                try:
                    async for event in watch:
                        self._service_changed(event)
                except ApiError as error:
                    if error.code != 410:
                        raise

    def _service_changed(self, event: Event) -> None:
        services = self._knowledge.surroundings.services
        key = (event.entry.namespace, event.entry.name)
        if event.type == "DELETED":
            services.remove(key)
        else:
            services.put(key, event.entry.view(Service).spec.selector)


def _is_news(before: Pod | None, after: Pod) -> bool:
    """Tell whether a decision about the pod may come out differently than before."""
    if before is None:
        return True
    return before.spec != after.spec or before.metadata.labels != after.metadata.labels
