"""What an object goes through before it is stored, in Kubernetes' order.

Metadata, defaults, mutating admission, strategy, validation; then validating admission, and what
of quotas, addresses and ports is held for it. What a step does lives in `api.strategy`,
`api.defaults`, `registry.admission` and the pure modules beside this one.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from typing import Any

from minikube8s.api import defaults, errors, strategy
from minikube8s.api.resources import SERVICES, Resource
from minikube8s.registry import families, objects, services
from minikube8s.registry.admission import Chain, Request
from minikube8s.registry.allocation import Allocations
from minikube8s.registry.quota import Quotas

Object = dict[str, Any]
Own = Callable[[Object, str], None]
"""Enters the owners of a new object, at this time."""


class Steps:
    """The steps of every write. They wait for nothing and store nothing. Errors are ApiErrors."""

    def __init__(self, admission: Chain, allocations: Allocations, quotas: Quotas) -> None:
        self._admission = admission
        self._allocations = allocations
        self._quotas = quotas

    def begin(self, resource: Resource, draft: Object, uid: str, now: str, own: Own) -> None:
        """Make of `draft` a new object as it may be stored, at `now` (RFC 3339)."""
        hooks = strategy.for_resource(resource)
        objects.begin_life(draft, uid, now)
        if resource is SERVICES:
            services.normalize(draft, None)
        defaults.apply(resource, draft)
        if resource is SERVICES:
            families.settle(draft, None, self._allocations.families)
        # What the system adds from here on has no owner.
        own(draft, now)
        self._admission.mutate(Request(resource, draft))
        hooks.prepare_create(draft)
        causes = [*hooks.validate(draft), *hooks.validate_new(draft)]
        if resource is SERVICES:
            causes += families.problems(draft, self._allocations.families)
        if causes:
            raise errors.invalid(resource, draft["metadata"]["name"], causes)

    def change(self, resource: Resource, new: Object, old: Object, subresource: str) -> None:
        """Make of `new` what may be stored in place of `old`."""
        hooks = strategy.for_resource(resource)
        objects.begin_update(resource, new, old)
        if resource is SERVICES:
            services.normalize(new, old)
            services.carry_over(new, old)
        defaults.apply(resource, new)
        if resource is SERVICES:
            families.settle(new, old, self._allocations.families)
        self._admission.mutate(Request(resource, new, old, subresource))
        hooks.prepare_update(new, old, subresource)
        causes = hooks.validate_changed(new, old, subresource)
        causes += hooks.validate_update(new, old, subresource)
        if resource is SERVICES:
            causes += families.problems(new, self._allocations.families)
        if causes:
            raise errors.invalid(resource, old["metadata"]["name"], list(dict.fromkeys(causes)))

    def admit(
        self, resource: Resource, new: Object, old: Object | None = None, subresource: str = ""
    ) -> None:
        """Ask validating admission, once all else agrees."""
        self._admission.validate(Request(resource, new, old, subresource))

    def reserve(
        self, resource: Resource, new: Object, old: Object | None = None, subresource: str = ""
    ) -> AbstractContextManager[object]:
        """Hold what the write takes of quotas, addresses and ports until the cache shows it."""
        quota = self._quotas.reserve(resource, new, old, subresource)
        if resource is not SERVICES:
            return quota
        with ExitStack() as stack:
            stack.enter_context(quota)
            stack.enter_context(self._allocations.reserve(new, old))
            return stack.pop_all()
