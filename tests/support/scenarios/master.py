"""The master without its wires: the real parts, composed as the master does it."""

from __future__ import annotations

from collections.abc import Callable

from minikube8s.controllers import Controllers
from minikube8s.kit.clock import Clock
from minikube8s.kit.tasks import Supervisor
from minikube8s.nodes.config import NodesConfig
from minikube8s.nodes.feed import Feed
from minikube8s.nodes.lifecycle import Lifecycle
from minikube8s.nodes.registration import Registration
from minikube8s.nodes.reports import Reports
from minikube8s.nodes.roster import Roster
from minikube8s.registry import Registry, bootstrap
from minikube8s.registry.events import EventRecorder
from minikube8s.scheduler import Scheduler
from minikube8s.store.cache import Cache
from minikube8s.store.interface import Store


class Master:
    """One life of the master's process; `cut` ends the session of a node."""

    def __init__(
        self, store: Store, clock: Clock, cut: Callable[[str], None], config: NodesConfig, seed: int
    ) -> None:
        self._cache = Cache(store)
        self.registry = Registry(self._cache, clock)
        # Made-up names differ from life to life, and not from run to run.
        self.registry._rng.seed(seed)
        self._clock = clock
        self._cut = cut
        self._config = config
        self._tasks = Supervisor("master")

    async def start(self) -> None:
        """Begin, as after any end of an earlier life."""
        await self._cache.start()
        await bootstrap.ensure(self.registry)
        registry, clock = self.registry, self._clock
        kubelets = registry.writing_as("kubelet")
        self.recorder = EventRecorder(kubelets, "node-controller")
        self.registration = Registration(kubelets, clock, self._config)
        feed = Feed(kubelets, clock, {})
        self.lifecycle = Lifecycle(
            kubelets,
            clock,
            self.registration,
            self.recorder,
            feed.index.pods_of,
            self._cut,
            self._config.grace,
        )
        roster = Roster(kubelets, clock, {}, self.lifecycle.heard, self._node_deleted)
        feed.start(self._tasks)
        roster.start(self._tasks)
        self._binding = EventRecorder(registry, "default-scheduler")
        self._scheduler = Scheduler(registry.writing_as("kube-scheduler"), self._binding, clock)
        self._controllers = Controllers(registry.writing_as("kube-controller-manager"), clock)
        self._tasks.spawn("life cycle", self.lifecycle.run)
        self._tasks.spawn("scheduler", self._scheduler.run)
        self._tasks.spawn("controllers", self._controllers.run)

    def reports(self, node: str) -> Reports:
        """Return what writes the reports of a node's agent."""
        return Reports(
            node,
            self.registry,
            self._clock,
            self.registration,
            self.recorder,
            self.registration.heartbeat,
        )

    async def close(self) -> None:
        """End everything that runs."""
        await self._tasks.close()
        await self._controllers.close()
        await self._scheduler.close()
        await self._binding.close()
        await self.recorder.close()
        await self.registry.close()
        await self._cache.close()

    def _node_deleted(self, node: str) -> None:
        self.lifecycle.forget(node)
        self._cut(node)
