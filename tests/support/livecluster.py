"""A registry over the memory store on virtual time, and a node that behaves as it is told.

No network, no agent: the real registry, controllers and scheduler, with pods that become ready,
end and disappear because the test says so.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

from minikube8s.api.errors import ApiError
from minikube8s.api.meta import now_rfc3339
from minikube8s.api.resources import EVENTS, NODES, PODS, Resource
from minikube8s.api.views import Pod
from minikube8s.registry import DeleteOptions, Registry
from minikube8s.store.cache import Cache
from minikube8s.store.entry import Entry
from minikube8s.store.memory import MemoryStore
from tests.support.objects import template
from tests.support.registries import a_namespace
from tests.support.virtualtime import VirtualClock

Json = dict[str, Any]


class LiveCluster:
    """The registry, and the verbs of a small kubelet."""

    def __init__(self, cache: Cache) -> None:
        self.clock = VirtualClock()
        self.cache = cache
        self.registry = Registry(cache, self.clock)

    def objects(self, resource: Resource, namespace: str | None = "default") -> list[Json]:
        return [entry.object for entry in self.registry.list(resource, namespace)]

    def names(self, resource: Resource) -> list[str]:
        return [entry.name for entry in self.registry.list(resource, "default")]

    def pods(self) -> list[Pod]:
        return [entry.view(Pod) for entry in self.registry.list(PODS, "default")]

    def events(self, reason: str) -> list[str]:
        return [one["message"] for one in self.objects(EVENTS, None) if one["reason"] == reason]

    async def create(self, resource: Resource, name: str, **body: Any) -> Entry:
        metadata = {"name": name, **body.pop("metadata", {})}
        namespace = "default" if resource.namespaced else None
        return await self.registry.create(resource, namespace, {"metadata": metadata, **body})

    async def add_node(self, name: str, cpu: str = "4", pods: str = "110", **spec: Any) -> None:
        """Add a node that is ready."""

        def report(node: Json) -> None:
            node["status"] = {
                "allocatable": {"cpu": cpu, "memory": "8Gi", "pods": pods},
                "conditions": [{"type": "Ready", "status": "True"}],
            }

        await self.create(NODES, name, spec=spec)
        await self.change(NODES, name, report, "status")

    async def change(
        self,
        resource: Resource,
        name: str,
        edit: Callable[[Json], Any],
        subresource: str = "",
    ) -> Entry:
        def change(obj: Json) -> Json:
            edit(obj)
            return obj

        namespace = "default" if resource.namespaced else None
        return await self.registry.update(resource, namespace, name, change, subresource)

    async def delete(self, resource: Resource, name: str, **options: Any) -> None:
        namespace = "default" if resource.namespaced else None
        await self.registry.delete(resource, namespace, name, DeleteOptions(**options))

    async def make_ready(self, name: str, *, ready: bool = True, ip: str = "10.0.0.1") -> None:
        now = now_rfc3339(self.clock.now())
        value = "True" if ready else "False"
        condition = {"type": "Ready", "status": value, "lastTransitionTime": now}

        def edit(pod: Json) -> None:
            kept = [c for c in pod["status"].get("conditions", []) if c["type"] != "Ready"]
            pod["status"] |= {"phase": "Running", "conditions": [*kept, condition], "podIP": ip}

        with suppress(ApiError):
            await self.change(PODS, name, edit, "status")

    async def finish(self, name: str) -> None:
        """Do what an agent does once a deleted pod's containers are gone."""
        with suppress(ApiError):
            await self.delete(PODS, name, grace_period_seconds=0)

    async def until(self, promise: Callable[[], Any], seconds: float = 600) -> None:
        """Wait until `promise` holds, looking after every change."""
        changed = asyncio.Event()
        self.cache.observe("", lambda _: changed.set())
        async with asyncio.timeout(seconds):
            while not promise():
                changed.clear()
                await changed.wait()


def deployment_body(replicas: int, image: str = "nginx:1", **spec: Any) -> Json:
    return {
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": "web"}},
            "template": template(image),
            **spec,
        }
    }


@asynccontextmanager
async def live_cluster() -> AsyncIterator[LiveCluster]:
    store = MemoryStore()
    await store.open()
    cache = Cache(store)
    cluster = LiveCluster(cache)
    await cache.start()
    try:
        await a_namespace(cluster.registry, "default")
        yield cluster
    finally:
        await cluster.registry.close()
        await cache.close()
        await store.close()
