"""A registry over a store in memory, with a clock that the test moves."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from minikube8s.api.resources import NAMESPACES, SERVICEACCOUNTS
from minikube8s.registry import Registry, RegistryConfig, bootstrap
from minikube8s.store.cache import Cache
from minikube8s.store.interface import Store
from minikube8s.store.memory import MemoryStore

START = datetime(2026, 1, 1, 12, tzinfo=UTC)


class ManualClock:
    """Stands still until told to move; `sleep` is for code that these tests do not run."""

    def __init__(self) -> None:
        self._passed = 0.0

    def move(self, seconds: float) -> None:
        self._passed += seconds

    def now(self) -> datetime:
        return START + timedelta(seconds=self._passed)

    def monotonic(self) -> float:
        return self._passed

    async def sleep(self, seconds: float) -> None:
        raise AssertionError("nothing should sleep on this clock")


@asynccontextmanager
async def a_registry(
    clock: Any = None, config: RegistryConfig | None = None, store: Store | None = None
) -> AsyncIterator[Registry]:
    """Yield a started registry that has the system's namespaces and default/kubernetes."""
    store = store or MemoryStore()
    await store.open()
    cache = Cache(store)
    await cache.start()
    registry = Registry(cache, clock or ManualClock(), config)
    await bootstrap.ensure(registry)
    try:
        yield registry
    finally:
        await registry.close()
        await cache.close()
        await store.close()


async def a_namespace(registry: Registry, name: str) -> None:
    """Create a namespace with the account that a controller gives it, which pods need."""
    await registry.create(NAMESPACES, None, {"metadata": {"name": name}})
    await registry.create(SERVICEACCOUNTS, name, {"metadata": {"name": "default"}})


def pod(name: str = "x", **metadata: Any) -> dict[str, Any]:
    container = {"name": "c", "image": "nginx"}
    return {"metadata": {"name": name, **metadata}, "spec": {"containers": [container]}}


def configmap(name: str = "x", **data: str) -> dict[str, Any]:
    return {"metadata": {"name": name}, "data": data}


def service(name: str = "x", *ports: dict[str, Any], **spec: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": name},
        "spec": {"ports": list(ports) or [{"port": 80}], "selector": {"app": name}, **spec},
    }
