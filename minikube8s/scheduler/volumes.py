"""What a pod's claims mean for where it can run. Pure.

Owns the sorting of claims into bound ones, whose volumes say where they are, and those that wait
for their first consumer, which get a volume on the node that is chosen.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from minikube8s.api import localpath
from minikube8s.api.persistence import (
    NO_PROVISIONER,
    ONE_POD,
    SELECTED_NODE,
    WAIT_FOR_FIRST_CONSUMER,
    allows,
    claims_of,
    class_of,
    find_match,
    is_bound,
    reachable,
    size_of,
)
from minikube8s.api.views import (
    Node,
    PersistentVolume,
    PersistentVolumeClaim,
    Pod,
    StorageClass,
)

IMMEDIATE = "pod has unbound immediate PersistentVolumeClaims"
CONFLICT = "node(s) didn't match PersistentVolume's node affinity"
NO_MATCH = "node(s) didn't find available persistent volumes to bind"
NO_VOLUME = "node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)"
NO_SPACE = "node(s) did not have enough free storage"
IN_USE = (
    "node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode"
)


ClaimKey = tuple[str, str]
"""Namespace and name."""


class Storage(Protocol):
    """What there is of claims, volumes and classes."""

    def claim(self, namespace: str, name: str) -> PersistentVolumeClaim | None:
        """Return the claim, or None."""
        ...

    def volume(self, name: str) -> PersistentVolume | None:
        """Return the volume, or None."""
        ...

    def volumes(self) -> Iterable[PersistentVolume]:
        """Return all volumes that are not bound."""
        ...

    def storage_class(self, name: str) -> StorageClass | None:
        """Return the class, or None."""
        ...


@dataclass(frozen=True, slots=True)
class Awaited:
    """A claim that waits for its first consumer, and the volumes that exist for such claims."""

    claim: PersistentVolumeClaim
    storage_class: StorageClass
    candidates: tuple[PersistentVolume, ...]

    def match(self, node: Node, taken: Iterable[str] = ()) -> PersistentVolume | None:
        """Return the volume that exists for it on a node; those `taken` are not free."""
        used = frozenset(taken)
        return find_match(
            self.claim,
            (one for one in self.candidates if one.metadata.name not in used),
            fits=lambda volume: reachable(volume, node.metadata),
        )


@dataclass(frozen=True, slots=True)
class PodVolumes:
    """What a pod's claims ask of a node.

    `refusal` is why no node can take the pod, whatever the node; `exclusive` are the claims
    (namespace, name) that no other pod may use.
    """

    refusal: str = ""
    bound: tuple[PersistentVolume | None, ...] = ()
    awaited: tuple[Awaited, ...] = ()
    exclusive: frozenset[ClaimKey] = frozenset()


NONE = PodVolumes()


def of_pod(pod: Pod, storage: Storage) -> PodVolumes:
    """Return what the pod's claims ask."""
    bound: list[PersistentVolume | None] = []
    awaited: list[Awaited] = []
    exclusive: set[ClaimKey] = set()
    immediate = False
    for name, volume in claims_of(pod).items():
        claim = storage.claim(pod.metadata.namespace, name)
        refusal = _unusable(pod, name, claim, ephemeral=volume.ephemeral is not None)
        if refusal or claim is None:
            return PodVolumes(refusal)
        if ONE_POD in claim.spec.access_modes:
            exclusive.add((pod.metadata.namespace, name))
        found = storage.storage_class(class_of(claim))
        if is_bound(claim):
            bound.append(storage.volume(claim.spec.volume_name))
        elif (
            claim.spec.volume_name
            or found is None
            or found.volume_binding_mode != WAIT_FOR_FIRST_CONSUMER
        ):
            immediate = True
        else:
            awaited.append(Awaited(claim, found, tuple(storage.volumes())))
    if immediate:
        return PodVolumes(IMMEDIATE)
    return PodVolumes("", tuple(bound), tuple(awaited), frozenset(exclusive))


def _unusable(pod: Pod, name: str, claim: PersistentVolumeClaim | None, *, ephemeral: bool) -> str:
    """Return why the pod cannot use the claim at all; "" if it can."""
    if claim is None:
        if ephemeral:
            waiting = "waiting for ephemeral volume controller to create the persistentvolumeclaim"
            return f'{waiting} "{name}"'
        return f'persistentvolumeclaim "{name}" not found'
    if claim.status.phase == "Lost":
        volume = claim.spec.volume_name
        return f'persistentvolumeclaim "{name}" bound to non-existent persistentvolume "{volume}"'
    if claim.metadata.deletion_timestamp is not None:
        return f'persistentvolumeclaim "{name}" is being deleted'
    owners = (owner.uid for owner in claim.metadata.owner_references)
    if ephemeral and pod.metadata.uid not in owners:
        where = pod.metadata.namespace
        return (
            f"PVC {where}/{name} was not created for pod {where}/{pod.metadata.name}"
            " (pod is not owner)"
        )
    return ""


def conflict(wanted: PodVolumes, node: Node, disk: int | None) -> str:
    """Return why the pod's volumes keep it from a node; "" if they do not.

    `disk` is the bytes that the node has for volumes; None when it does not say.
    """
    for volume in wanted.bound:
        if volume is None:
            return NO_VOLUME
        if not reachable(volume, node.metadata):
            return CONFLICT
    taken: set[str] = set()
    for one in wanted.awaited:
        selected = one.claim.metadata.annotations.get(SELECTED_NODE)
        if selected and selected != node.metadata.name:
            return NO_MATCH
        match = one.match(node, taken)
        if match is not None:
            taken.add(match.metadata.name)
        elif not _is_provisioned_on(one, node):
            return NO_MATCH
        elif _is_too_large(one, disk):
            return NO_SPACE
    return ""


def _is_provisioned_on(one: Awaited, node: Node) -> bool:
    static = one.storage_class.provisioner in ("", NO_PROVISIONER)
    return not static and allows(one.storage_class, node.metadata)


def _is_too_large(one: Awaited, disk: int | None) -> bool:
    asked = size_of(one.claim.spec.resources.requests)
    return one.storage_class.provisioner == localpath.PROVISIONER and (
        disk is not None and asked > disk
    )


@dataclass(frozen=True, slots=True)
class Errand:
    """What makes one claim get its volume on the chosen node: `volume` if one exists."""

    claim: PersistentVolumeClaim
    volume: PersistentVolume | None


def errands(wanted: PodVolumes, node: Node) -> list[Errand]:
    """Return what is to be done before the pod can be bound to the node."""
    taken: set[str] = set()
    found = []
    for one in wanted.awaited:
        match = one.match(node, taken)
        if match is not None:
            taken.add(match.metadata.name)
        found.append(Errand(one.claim, match))
    return found
