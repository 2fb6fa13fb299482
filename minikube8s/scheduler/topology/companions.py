"""The Services and workloads of pods: what a pod without constraints is spread by.

Owns an index of all Services' selectors. Workloads are looked up by the pod's owner reference.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any

import msgspec

from minikube8s.api.errors import ApiError
from minikube8s.api.resources import REPLICASETS, REPLICATIONCONTROLLERS, STATEFULSETS
from minikube8s.api.selectors import Selector, from_label_selector, from_map
from minikube8s.api.views import OwnerReference, Pod
from minikube8s.registry import Registry
from minikube8s.scheduler.topology.bylabel import ByLabel
from minikube8s.scheduler.topology.matching import Labels

ServiceKey = tuple[str, str]
"""Namespace and name."""

_WORKLOADS = {
    (resource.api_version, resource.kind): resource
    for resource in (REPLICASETS, REPLICATIONCONTROLLERS, STATEFULSETS)
}


class Services:
    """The selectors of all Services."""

    def __init__(self) -> None:
        self._selectors: dict[ServiceKey, Selector] = {}
        self._by_label: dict[str, ByLabel[ServiceKey]] = {}

    def put(self, key: ServiceKey, labels: Mapping[str, str]) -> None:
        """Add or replace a Service that selects these labels."""
        self.remove(key)
        selector = self._selectors[key] = from_map(labels)
        self._by_label.setdefault(key[0], ByLabel()).add(key, selector)

    def remove(self, key: ServiceKey) -> None:
        """Forget a Service."""
        selector = self._selectors.pop(key, None)
        held = self._by_label.get(key[0])
        if selector is not None and held is not None:
            held.discard(key, selector)
            if held.empty:
                del self._by_label[key[0]]

    def keys(self) -> set[ServiceKey]:
        """Return the Services that are known."""
        return set(self._selectors)

    def of(self, namespace: str, labels: Labels) -> Iterator[Selector]:
        """Return the selectors of the Services that select such a pod."""
        held = self._by_label.get(namespace)
        if held is not None:
            found = (self._selectors[key] for key in held.candidates(labels))
            yield from (one for one in found if one.matches(labels))


class Companions:
    """Tells by which selector a pod's Services and workload know it."""

    def __init__(self, services: Services, registry: Registry | None) -> None:
        self._services = services
        self._registry = registry

    def selector(self, pod: Pod) -> Selector | None:
        """Return what all of them together select; None when the pod has neither."""
        meta = pod.metadata
        selectors = list(self._services.of(meta.namespace, meta.labels))
        if meta.controller is not None:
            selectors.append(self._workload(meta.namespace, meta.controller))
        needed = chain.from_iterable(one.requirements for one in selectors)
        found = Selector(tuple(dict.fromkeys(needed)))
        return None if found.empty else found

    def _workload(self, namespace: str, owner: OwnerReference) -> Selector:
        resource = _WORKLOADS.get((owner.api_version, owner.kind))
        if resource is None or self._registry is None:
            return Selector()
        try:
            entry = self._registry.get(resource, namespace, owner.name)
        except ApiError:
            return Selector()
        selector = entry.view(_Workload).spec.selector
        if not selector:
            return Selector()
        if resource is REPLICATIONCONTROLLERS:
            return from_map(selector)
        return from_label_selector(selector)


class _WorkloadSpec(msgspec.Struct, frozen=True):
    selector: dict[str, Any] | None = None


class _Workload(msgspec.Struct, frozen=True):
    spec: _WorkloadSpec = _WorkloadSpec()
