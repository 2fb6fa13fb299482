"""The default roles and bindings, created where they are missing and brought up to date.

Runs at every start of the master, beside everything else: masters do not need them, and a request
that comes before them is refused as it would be without them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

from minikube8s.api.errors import ApiError
from minikube8s.api.resources import (
    CLUSTERROLEBINDINGS,
    CLUSTERROLES,
    ROLEBINDINGS,
    ROLES,
    Resource,
)
from minikube8s.registry.registry import Registry

Object = dict[str, Any]
Reconcile = Callable[[Object, Object], Object | None]


async def ensure(registry: Registry) -> None:
    """Bring the default policy up to date. Raises ApiError after all parts were tried."""
    # Needed once: what it holds goes away with the caller.
    from minikube8s.api.rbac import defaults  # noqa: PLC0415

    role, binding = defaults.reconciled_role, defaults.reconciled_binding
    # Roles first: a binding without its role grants nothing, and says so.
    await _ensure(registry, CLUSTERROLES, None, defaults.cluster_roles(), role)
    await _ensure(registry, CLUSTERROLEBINDINGS, None, defaults.BINDINGS, binding)
    for namespace, roles in defaults.NAMESPACE_ROLES.items():
        await _ensure(registry, ROLES, namespace, roles, role)
    for namespace, bindings in defaults.NAMESPACE_BINDINGS.items():
        await _ensure(registry, ROLEBINDINGS, namespace, bindings, binding)


async def _ensure(
    registry: Registry,
    resource: Resource,
    namespace: str | None,
    wanted: Iterable[Object],
    reconcile: Reconcile,
) -> None:
    writes = (_ensure_one(registry, resource, namespace, one, reconcile) for one in wanted)
    outcomes = await asyncio.gather(*writes, return_exceptions=True)
    for outcome in outcomes:
        if isinstance(outcome, BaseException):
            raise outcome


async def _ensure_one(
    registry: Registry,
    resource: Resource,
    namespace: str | None,
    wanted: Object,
    reconcile: Reconcile,
) -> None:
    name = wanted["metadata"]["name"]
    try:
        current = registry.get(resource, namespace, name).object
    except ApiError:
        await registry.create(resource, namespace, wanted)
        return
    if reconcile(current, wanted) is not None:
        await registry.update(
            resource, namespace, name, lambda current: reconcile(current, wanted) or current
        )
