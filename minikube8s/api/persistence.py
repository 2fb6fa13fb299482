"""Which persistent volume suits which claim, and how the two name each other. Pure.

The rules that the binder of claims and the scheduler share.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from minikube8s.api.nodeselection import selects
from minikube8s.api.quantity import parse
from minikube8s.api.selectors import from_label_selector
from minikube8s.api.views import (
    ObjectMeta,
    PersistentVolume,
    PersistentVolumeClaim,
    Pod,
    StorageClass,
    Volume,
)

BIND_COMPLETED = "pv.kubernetes.io/bind-completed"
"""On a claim: it was bound once, so it is never bound to another volume."""
BOUND_BY_CONTROLLER = "pv.kubernetes.io/bound-by-controller"
"""On a claim or a volume: the other one's name in its spec is not the user's."""
PROVISIONED_BY = "pv.kubernetes.io/provisioned-by"
SELECTED_NODE = "volume.kubernetes.io/selected-node"
"""On a claim: where the scheduler wants its volume."""
STORAGE_PROVISIONER = "volume.kubernetes.io/storage-provisioner"
STORAGE_PROVISIONER_BEFORE = "volume.beta.kubernetes.io/storage-provisioner"
_CLASS_BEFORE = "volume.beta.kubernetes.io/storage-class"

NO_PROVISIONER = "kubernetes.io/no-provisioner"
WAIT_FOR_FIRST_CONSUMER = "WaitForFirstConsumer"
ONE_POD = "ReadWriteOncePod"

Fits = Callable[[PersistentVolume], bool]


def class_of(claim: PersistentVolumeClaim) -> str:
    """Return the name of the claim's class; "" is none."""
    return claim.metadata.annotations.get(_CLASS_BEFORE) or claim.spec.storage_class_name or ""


def class_of_volume(volume: PersistentVolume) -> str:
    """Return the name of the volume's class; "" is none."""
    return volume.metadata.annotations.get(_CLASS_BEFORE) or volume.spec.storage_class_name


def is_bound(claim: PersistentVolumeClaim) -> bool:
    """Tell whether the claim has its volume, and the volume its claim."""
    return bool(claim.spec.volume_name) and BIND_COMPLETED in claim.metadata.annotations


def belongs(volume: PersistentVolume, claim: PersistentVolumeClaim) -> bool:
    """Tell whether the volume names this claim; without a uid it names whichever has the name."""
    reference = volume.spec.claim_ref
    if reference is None:
        return False
    metadata = claim.metadata
    if (reference.namespace, reference.name) != (metadata.namespace, metadata.name):
        return False
    return reference.uid in ("", metadata.uid)


def size_of(amounts: Mapping[str, str | int | float]) -> int:
    """Return the bytes of storage among quantities by name; 0 when there are none."""
    return parse(amounts.get("storage", 0)).value


def mismatch(volume: PersistentVolume, claim: PersistentVolumeClaim) -> str:
    """Return why the volume does not do for the claim that asks for it by name; "" if it does."""
    if volume.metadata.deletion_timestamp is not None:
        return f'the volume is marked for deletion "{volume.metadata.name}"'
    if size_of(volume.spec.capacity) < size_of(claim.spec.resources.requests):
        return "requested PV is too small"
    if class_of_volume(volume) != class_of(claim):
        return "storageClassName does not match"
    if volume.spec.volume_mode != claim.spec.volume_mode:
        return "incompatible volumeMode"
    if not set(claim.spec.access_modes) <= set(volume.spec.access_modes):
        return "incompatible accessMode"
    return ""


def find_match(
    claim: PersistentVolumeClaim,
    volumes: Iterable[PersistentVolume],
    *,
    reserved_only: bool = False,
    fits: Fits = lambda _: True,
) -> PersistentVolume | None:
    """Return the volume that the claim shall have, or None.

    One that names the claim comes before all others; of these the smallest that is large enough,
    then the first by name. `reserved_only` leaves the others out; `fits` tells which can be
    reached from where they are wanted.
    """
    wanted = size_of(claim.spec.resources.requests)
    selector = from_label_selector(claim.spec.selector) if claim.spec.selector else None
    best: tuple[int, str, PersistentVolume] | None = None
    for volume in volumes:
        reserved = belongs(volume, claim)
        if not reserved and (reserved_only or not _free(volume, claim)):
            continue
        size = size_of(volume.spec.capacity)
        if size < wanted or not _usable(volume, claim) or not fits(volume):
            continue
        if reserved:
            return volume
        if selector is not None and not selector.matches(volume.metadata.labels):
            continue
        candidate = (size, volume.metadata.name, volume)
        if best is None or candidate[:2] < best[:2]:
            best = candidate
    return best[2] if best else None


def _usable(volume: PersistentVolume, claim: PersistentVolumeClaim) -> bool:
    return (
        volume.metadata.deletion_timestamp is None
        and volume.spec.volume_mode == claim.spec.volume_mode
        and (volume.spec.volume_attributes_class_name or "")
        == (claim.spec.volume_attributes_class_name or "")
    )


def _free(volume: PersistentVolume, claim: PersistentVolumeClaim) -> bool:
    return (
        volume.status.phase == "Available"
        and volume.spec.claim_ref is None
        and class_of_volume(volume) == class_of(claim)
        and set(claim.spec.access_modes) <= set(volume.spec.access_modes)
    )


def is_taken(volume: bytes) -> bool:
    """Tell whether an encoded volume is bound: a quick look, before it is decoded."""
    return b'"phase":"Bound"' in volume


def names_claims(pod: bytes) -> bool:
    """Tell whether an encoded pod may name claims: a quick look, before it is decoded."""
    return b'"persistentVolumeClaim"' in pod or b'"ephemeral"' in pod


def claim_of(pod: ObjectMeta, volume: Volume) -> str:
    """Return the name of the claim behind a pod's volume; "" when it is of another kind."""
    if volume.persistent_volume_claim is not None:
        return volume.persistent_volume_claim.claim_name
    return f"{pod.name}-{volume.name}" if volume.ephemeral is not None else ""


def claims_of(pod: Pod) -> dict[str, Volume]:
    """Return the pod's volumes that are claims, by the claims' names."""
    named = ((claim_of(pod.metadata, volume), volume) for volume in pod.spec.volumes)
    return {name: volume for name, volume in named if name}


def allows(storage_class: StorageClass, node: ObjectMeta) -> bool:
    """Tell whether volumes of the class may be made for a node: one of its topologies holds."""
    terms = storage_class.allowed_topologies
    return not terms or any(
        all(node.labels.get(one.key) in one.values for one in term.match_label_expressions)
        for term in terms
    )


def reachable(volume: PersistentVolume, node: ObjectMeta) -> bool:
    """Tell whether a volume can be used on a node."""
    affinity = volume.spec.node_affinity
    return affinity is None or affinity.required is None or selects(affinity.required, node)
