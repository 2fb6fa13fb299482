"""Has the claims of a pod get their volumes on the node that was chosen for it.

Owns the writes that this takes (a claim's selected node, a volume's claimRef) and the wait for the
binder and the provisioners to answer. Waits for events, within a deadline.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from contextlib import closing
from functools import partial
from typing import Any, NamedTuple

from minikube8s.api import errors
from minikube8s.api.errors import ApiError
from minikube8s.api.persistence import (
    BOUND_BY_CONTROLLER,
    SELECTED_NODE,
    belongs,
    claims_of,
    is_taken,
)
from minikube8s.api.resources import (
    NODES,
    PERSISTENTVOLUMECLAIMS,
    PERSISTENTVOLUMES,
    PODS,
    STORAGECLASSES,
    Resource,
)
from minikube8s.api.views import (
    Node,
    PersistentVolume,
    PersistentVolumeClaim,
    Pod,
    StorageClass,
)
from minikube8s.kit.tasks import Supervisor
from minikube8s.registry import Registry
from minikube8s.scheduler.pods import PodKey
from minikube8s.scheduler.volumes import (
    ClaimKey,
    Errand,
    PodVolumes,
    conflict,
    errands,
    of_pod,
)
from minikube8s.store.entry import Entry
from minikube8s.store.watching import Event

DEADLINE = 600.0
"""Seconds that a pod's claims get to be bound before a node is looked for again."""
_FAILED = 'running PreBind plugin "VolumeBinding": '


class Unprepared(Exception):
    """The claims do not get their volumes on that node; the message says why."""


class _Waiter(NamedTuple):
    """Who prepares a pod: woken by `news`, which concern these claims."""

    news: asyncio.Event
    claims: frozenset[ClaimKey]


class Storage:
    """The claims, volumes and classes of the registry, as `volumes.Storage`."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def claim(self, namespace: str, name: str) -> PersistentVolumeClaim | None:
        """Return the claim, or None."""
        found = self.find(PERSISTENTVOLUMECLAIMS, namespace, name)
        return found.view(PersistentVolumeClaim) if found is not None else None

    def volume(self, name: str) -> PersistentVolume | None:
        """Return the volume, or None."""
        found = self.find(PERSISTENTVOLUMES, None, name)
        return found.view(PersistentVolume) if found is not None else None

    def volumes(self) -> Iterable[PersistentVolume]:
        """Return all volumes that are not bound."""
        listed = self._registry.list(PERSISTENTVOLUMES)
        return (one.view(PersistentVolume) for one in listed if not is_taken(one.value))

    def storage_class(self, name: str) -> StorageClass | None:
        """Return the class, or None."""
        found = self.find(STORAGECLASSES, None, name) if name else None
        return found.view(StorageClass) if found is not None else None

    def find(self, resource: Resource, namespace: str | None, name: str) -> Entry | None:
        """Return any object, or None."""
        try:
            return self._registry.get(resource, namespace, name)
        except ApiError:
            return None


class VolumeBinder:
    """Prepares pods' volumes; `wake` is called when pods that wait for volumes may be helped.

    It is told the one claim that a change concerns, or None when that may be any.
    """

    def __init__(self, registry: Registry, wake: Callable[[ClaimKey | None], None]) -> None:
        self._registry = registry
        self._storage = Storage(registry)
        self._wake = wake
        self._waiting: dict[PodKey, _Waiter] = {}

    def start(self, supervisor: Supervisor) -> None:
        """Follow claims, volumes and classes in tasks of `supervisor`."""
        for resource in (PERSISTENTVOLUMECLAIMS, PERSISTENTVOLUMES, STORAGECLASSES):
            supervisor.spawn(f"watch {resource.plural}", partial(self._follow, resource))

    def wanted(self, pod: Pod) -> PodVolumes:
        """Return what the pod's claims ask of a node."""
        return of_pod(pod, self._storage)

    def pod_changed(self, key: PodKey) -> None:
        """Have whoever prepares this pod look whether it is still worth it."""
        if key in self._waiting:
            self._waiting[key].news.set()

    async def prepare(self, entry: Entry, node: str) -> None:
        """Return once every claim of the pod is bound to a volume that the node can use.

        Raises Unprepared, or ApiError when the pod is gone or a write fails.
        """
        key = (entry.namespace, entry.name)
        news = asyncio.Event()
        claims = frozenset((entry.namespace, name) for name in claims_of(entry.view(Pod)))
        self._waiting[key] = _Waiter(news, claims)
        try:
            async with asyncio.timeout(DEADLINE):
                await self._prepare(entry, node, news)
        except TimeoutError:
            raise Unprepared(f"{_FAILED}binding volumes: context deadline exceeded") from None
        finally:
            del self._waiting[key]

    async def _prepare(self, entry: Entry, node_name: str, news: asyncio.Event) -> None:
        selected: set[str] = set()
        while True:
            news.clear()
            current = self._registry.get(PODS, entry.namespace, entry.name)
            if current.uid != entry.uid or current.meta.deletion_timestamp is not None:
                raise errors.not_found(PODS, entry.name)
            found = self._storage.find(NODES, None, node_name)
            if found is None:
                raise Unprepared(f'{_FAILED}node "{node_name}" not found')
            node, wanted = found.view(Node), self.wanted(current.view(Pod))
            why = wanted.refusal or conflict(wanted, node, None)
            if why:
                raise Unprepared(f"{_FAILED}{why}")
            todo = errands(wanted, node)
            if not todo:
                return
            for errand in todo:
                await self._run(errand, node_name, selected)
            await news.wait()

    async def _run(self, errand: Errand, node: str, selected: set[str]) -> None:
        """Make the one write that the claim needs, unless it is made already."""
        claim, volume = errand.claim, errand.volume
        try:
            if volume is None:
                await self._select(claim, node, selected)
            elif not belongs(volume, claim) or volume.spec.claim_ref is None:
                await self._reserve(volume, claim)
        except ApiError as error:
            # It changed meanwhile: the event about it leads to another look.
            if error.reason not in ("Conflict", "NotFound"):
                raise

    async def _select(self, claim: PersistentVolumeClaim, node: str, selected: set[str]) -> None:
        if claim.metadata.annotations.get(SELECTED_NODE) == node:
            selected.add(claim.metadata.uid)
            return
        if claim.metadata.uid in selected:
            why = f'provisioning failed for PVC "{claim.metadata.name}"'
            raise Unprepared(f"{_FAILED}binding volumes: {why}")

        def change(current: dict[str, Any]) -> dict[str, Any]:
            _same(PERSISTENTVOLUMECLAIMS, current, claim.metadata.uid)
            metadata = current["metadata"]
            metadata["annotations"] = {**(metadata.get("annotations") or {}), SELECTED_NODE: node}
            return current

        namespace, name = claim.metadata.namespace, claim.metadata.name
        selected.add(claim.metadata.uid)
        await self._registry.update(PERSISTENTVOLUMECLAIMS, namespace, name, change)

    async def _reserve(self, volume: PersistentVolume, claim: PersistentVolumeClaim) -> None:
        reference = {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "namespace": claim.metadata.namespace,
            "name": claim.metadata.name,
            "uid": claim.metadata.uid,
        }

        def change(current: dict[str, Any]) -> dict[str, Any]:
            _same(PERSISTENTVOLUMES, current, volume.metadata.uid)
            if current["spec"].get("claimRef"):
                raise errors.conflict(
                    PERSISTENTVOLUMES, volume.metadata.name, "the volume was taken meanwhile"
                )
            metadata = current["metadata"]
            annotations = {**(metadata.get("annotations") or {}), BOUND_BY_CONTROLLER: "yes"}
            metadata["annotations"] = annotations
            current["spec"]["claimRef"] = reference
            return current

        await self._registry.update(PERSISTENTVOLUMES, None, volume.metadata.name, change)

    async def _follow(self, resource: Resource) -> None:
        while True:
            with closing(self._registry.watch(resource)) as watch:
                self._tell(None)
                try:
                    async for event in watch:
                        if resource is STORAGECLASSES or _is_news(event):
                            self._tell(_claim_behind(resource, event.entry))
                except ApiError as error:
                    if error.code != 410:
                        raise

    def _tell(self, claim: ClaimKey | None) -> None:
        """Something about a claim changed; None: it may concern any."""
        for waiter in self._waiting.values():
            if claim is None or claim in waiter.claims:
                waiter.news.set()
        self._wake(claim)


def _claim_behind(resource: Resource, entry: Entry) -> ClaimKey | None:
    """Return the one claim that a changed object concerns; None when it may be any."""
    if resource is PERSISTENTVOLUMECLAIMS:
        return (entry.namespace, entry.name)
    if resource is not PERSISTENTVOLUMES:
        return None
    reference = entry.view(PersistentVolume).spec.claim_ref
    return (reference.namespace, reference.name) if reference is not None else None


def _same(resource: Resource, current: dict[str, Any], uid: str) -> None:
    if current["metadata"]["uid"] != uid:
        name = current["metadata"]["name"]
        raise errors.conflict(resource, name, "the object was replaced by another of its name")


def _is_news(event: Event) -> bool:
    """Tell whether a claim or volume may now do for a pod that it did not do for before."""
    before, after = event.previous, event.entry.object
    if before is None or event.type != "MODIFIED":
        return True
    return _state(before.object) != _state(after)


def _state(obj: dict[str, Any]) -> tuple[Any, ...]:
    metadata = obj["metadata"]
    return (
        metadata.get("annotations"),
        metadata.get("deletionTimestamp"),
        metadata.get("labels"),
        obj.get("spec"),
        (obj.get("status") or {}).get("phase"),
    )
