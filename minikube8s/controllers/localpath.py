"""The provisioner `mk8s.io/local-path`: writes volumes for claims; their nodes do the rest.

Owns the creation of the PersistentVolume, a directory of the node that the scheduler selected. The
agent of that node makes the directory when a pod needs it, and removes it when it is given back.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from minikube8s.api import localpath
from minikube8s.api.persistence import (
    BIND_COMPLETED,
    PROVISIONED_BY,
    SELECTED_NODE,
    STORAGE_PROVISIONER,
    allows,
    class_of,
    size_of,
)
from minikube8s.api.quantity import parse
from minikube8s.api.resources import (
    NODES,
    PERSISTENTVOLUMECLAIMS,
    PERSISTENTVOLUMES,
    STORAGECLASSES,
    Resource,
)
from minikube8s.api.views import (
    Node,
    PersistentVolumeClaim,
    StorageClass,
)
from minikube8s.controllers.actions import NOTHING, Create, Patch, Plan, Report, view_ref
from minikube8s.controllers.keys import Key
from minikube8s.controllers.persistentvolumes.claims import claim_reference
from minikube8s.controllers.runner import Reader
from minikube8s.store.watching import Event


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A claim that waits for a volume of ours, and where it shall be.

    `node` is None when the selected one does not exist, or when there is none at all.
    """

    claim: PersistentVolumeClaim
    about: Mapping[str, Any]
    storage_class: StorageClass | None
    node: Node | None
    exists: bool


class LocalPathController:
    """Gives each claim that asks for it a directory of a node."""

    name = "local-path"
    watches = (PERSISTENTVOLUMECLAIMS, PERSISTENTVOLUMES, NODES, STORAGECLASSES)

    def keys(self, resource: Resource, event: Event, reader: Reader) -> Iterable[Key]:
        """Return the claim, or all that wait when something that keeps them waiting changed."""
        entry = event.entry
        if resource is PERSISTENTVOLUMECLAIMS:
            return (Key(entry.namespace, entry.name),) if _waits(_claim(entry)) else ()
        if resource is PERSISTENTVOLUMES and event.type != "DELETED":
            return ()
        if resource is NODES and not _is_news(event):
            return ()
        return list(_waiting(reader))

    def read(self, reader: Reader, key: Key) -> Snapshot | None:
        """Return the claim and where its volume shall be, or None when it waits for none."""
        entry = reader.find(PERSISTENTVOLUMECLAIMS, *key)
        if entry is None or not _waits(_claim(entry)):
            return None
        claim = _claim(entry)
        found = reader.find(STORAGECLASSES, "", class_of(claim))
        storage_class = found.view(StorageClass) if found is not None else None
        name = _volume_name(claim)
        return Snapshot(
            claim=claim,
            about=entry.object,
            storage_class=storage_class,
            node=_node(reader, claim.metadata.annotations.get(SELECTED_NODE, ""), storage_class),
            exists=reader.find(PERSISTENTVOLUMES, "", name) is not None,
        )

    def plan(self, snapshot: Snapshot, now: datetime, failure: str = "") -> Plan:
        """Return the claim's volume, or why it gets none."""
        return plan(snapshot)


def plan(snapshot: Snapshot) -> Plan:
    """Plan one look at a claim."""
    if snapshot.exists:
        return NOTHING
    claim = snapshot.claim
    failed = f'failed to provision volume with StorageClass "{class_of(claim)}": '
    storage_class, node = snapshot.storage_class, snapshot.node
    selected = claim.metadata.annotations.get(SELECTED_NODE)
    if node is None and selected:
        # The scheduler chooses again.
        target = view_ref(PERSISTENTVOLUMECLAIMS, claim.metadata)
        forget = Patch(target, {"metadata": {"annotations": {SELECTED_NODE: None}}})
        why = Report("ProvisioningFailed", f'{failed}node "{selected}" not found')
        return Plan(about=snapshot.about, patches=(forget,), warnings=(why,))
    why_not = _refusal(claim, node)
    if storage_class is None:
        why_not = f'storageclass.storage.k8s.io "{class_of(claim)}" not found'
    if why_not or storage_class is None or node is None:
        return Plan(
            about=snapshot.about, warnings=(Report("ProvisioningFailed", f"{failed}{why_not}"),)
        )
    name = f"{claim.metadata.namespace}/{claim.metadata.name}"
    begun = f'External provisioner is provisioning volume for claim "{name}"'
    done = "Successfully provisioned volume {name}"
    create = Create(
        PERSISTENTVOLUMES,
        "",
        _volume(claim, storage_class, node),
        Report("ProvisioningSucceeded", done, "ProvisioningFailed", failed),
    )
    return Plan(about=snapshot.about, creates=(create,), notices=(Report("Provisioning", begun),))


def _refusal(claim: PersistentVolumeClaim, node: Node | None) -> str:
    """Return why the claim can have no directory; "" if it can."""
    if claim.spec.selector is not None:
        return "claim.Spec.Selector is not supported"
    if claim.spec.data_source or claim.spec.data_source_ref:
        return "claims with a data source are not supported: make an empty one and copy into it"
    if claim.spec.volume_mode != "Filesystem":
        return f"volumeMode {claim.spec.volume_mode} is not supported: use Filesystem"
    if node is None:
        return "no node is ready to have the volume"
    return _lack(node, claim)


def _lack(node: Node, claim: PersistentVolumeClaim) -> str:
    """Return what the node lacks to have the directory; "" if nothing."""
    name = node.metadata.name
    if localpath.DIRECTORY not in node.metadata.annotations:
        return f'node "{name}" does not say where its volumes are: restart its agent'
    disk = node.status.allocatable.get("ephemeral-storage")
    if disk is not None and size_of(claim.spec.resources.requests) > parse(disk).value:
        asked = claim.spec.resources.requests["storage"]
        return f'{asked} are more than the disk of node "{name}" holds ({disk})'
    return ""


def _volume(
    claim: PersistentVolumeClaim, storage_class: StorageClass, node: Node
) -> dict[str, Any]:
    """Return the volume, which is the claim's from the beginning.

    Its name comes from the claim's uid: made twice, it is still one.
    """
    name = _volume_name(claim)
    delete = storage_class.reclaim_policy == "Delete"
    hostname = localpath.hostname_label(node.metadata)
    there = {"key": localpath.HOSTNAME, "operator": "In", "values": [hostname]}
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {
            "name": name,
            "annotations": {PROVISIONED_BY: localpath.PROVISIONER},
            **({"finalizers": [localpath.FINALIZER]} if delete else {}),
        },
        "spec": {
            "accessModes": list(claim.spec.access_modes),
            "capacity": {"storage": claim.spec.resources.requests["storage"]},
            "claimRef": claim_reference(claim),
            "local": {"path": f"{node.metadata.annotations[localpath.DIRECTORY]}/{name}"},
            "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [there]}]}},
            "persistentVolumeReclaimPolicy": storage_class.reclaim_policy,
            "storageClassName": storage_class.metadata.name,
            "volumeMode": claim.spec.volume_mode,
        },
    }


def _volume_name(claim: PersistentVolumeClaim) -> str:
    return f"pvc-{claim.metadata.uid}"


def _claim(entry: Any) -> PersistentVolumeClaim:
    claim: PersistentVolumeClaim = entry.view(PersistentVolumeClaim)
    return claim


def _waits(claim: PersistentVolumeClaim) -> bool:
    """Tell whether the binder has asked us for a volume, and the claim has none yet."""
    annotations = claim.metadata.annotations
    return (
        annotations.get(STORAGE_PROVISIONER) == localpath.PROVISIONER
        and BIND_COMPLETED not in annotations
        and not claim.spec.volume_name
        and claim.metadata.deletion_timestamp is None
    )


def _waiting(reader: Reader) -> Iterator[Key]:
    for entry in reader.list(PERSISTENTVOLUMECLAIMS, None):
        if _waits(_claim(entry)):
            yield Key(entry.namespace, entry.name)


def _node(reader: Reader, selected: str, storage_class: StorageClass | None) -> Node | None:
    """Return the selected node; without a selection the first that could be."""
    if selected:
        entry = reader.find(NODES, "", selected)
        return entry.view(Node) if entry is not None else None
    nodes = (entry.view(Node) for entry in reader.list(NODES, None))
    usable = (
        node
        for node in nodes
        if node.ready
        and not node.spec.unschedulable
        and (storage_class is None or allows(storage_class, node.metadata))
    )
    return min(usable, key=lambda node: node.metadata.name, default=None)


def _is_news(event: Event) -> bool:
    """Tell whether a node came, went, became ready, or tells more about its disk."""
    if event.previous is None or event.type == "DELETED":
        return True
    return _traits(event.entry.view(Node)) != _traits(event.previous.view(Node))


def _traits(node: Node) -> tuple[Any, ...]:
    return (
        node.ready,
        node.spec.unschedulable,
        node.metadata.labels,
        node.metadata.annotations.get(localpath.DIRECTORY),
        node.status.allocatable.get("ephemeral-storage"),
    )
