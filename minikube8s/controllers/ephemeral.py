"""Claims that live as long as their pod: `ephemeral.volumeClaimTemplate`.

Owns their creation. The pod owns them, so that they are collected as garbage after it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from minikube8s.api.meta import owner_reference
from minikube8s.api.persistence import claim_of
from minikube8s.api.resources import PERSISTENTVOLUMECLAIMS, PODS, Resource
from minikube8s.api.views import Pod
from minikube8s.controllers.actions import NOTHING, Create, Plan, Report
from minikube8s.controllers.keys import Key
from minikube8s.controllers.runner import Reader
from minikube8s.store.watching import Event


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A pod, and the uids of the owners of the claims of its names that exist."""

    pod: Pod
    object: Mapping[str, Any]
    owners: Mapping[str, str]


class EphemeralVolumeController:
    """Creates the claims of pods' ephemeral volumes."""

    name = "ephemeral-volume"
    watches = (PODS, PERSISTENTVOLUMECLAIMS)

    def keys(self, resource: Resource, event: Event, reader: Reader) -> Iterable[Key]:
        """Return the pod, or the pod whose claim went."""
        entry = event.entry
        if resource is PODS:
            return (Key(entry.namespace, entry.name),) if b'"ephemeral"' in entry.value else ()
        if event.type != "DELETED":
            return ()
        return [
            Key(pod.namespace, pod.name)
            for pod in reader.list(PODS, entry.namespace)
            if b'"ephemeral"' in pod.value
        ]

    def read(self, reader: Reader, key: Key) -> Snapshot | None:
        """Return the pod, or None when it needs no claim any more."""
        entry = reader.find(PODS, *key)
        if entry is None or entry.meta.deletion_timestamp is not None:
            return None
        pod = entry.view(Pod)
        if pod.terminal:
            return None
        owners = {}
        for volume in pod.spec.volumes:
            if volume.ephemeral is not None:
                name = claim_of(pod.metadata, volume)
                claim = reader.find(PERSISTENTVOLUMECLAIMS, key.namespace, name)
                if claim is not None:
                    references = claim.meta.owner_references or []
                    owned = any(one.uid == pod.metadata.uid for one in references)
                    owners[name] = pod.metadata.uid if owned else ""
        return Snapshot(pod, entry.object, owners)

    def plan(self, snapshot: Snapshot, now: datetime, failure: str = "") -> Plan:
        """Return the claims that are missing."""
        return plan(snapshot)


def plan(snapshot: Snapshot) -> Plan:
    """Plan one look at a pod."""
    pod, creates, warnings = snapshot.pod, [], []
    for volume in pod.spec.volumes:
        if volume.ephemeral is None:
            continue
        name = claim_of(pod.metadata, volume)
        if name not in snapshot.owners:
            failed = f"ephemeral volume {volume.name}: create PVC {name}: "
            report = Report("", "", "EphemeralVolumeCreationFailed", failed)
            claim = _claim(snapshot.object, name, volume.ephemeral)
            creates.append(Create(PERSISTENTVOLUMECLAIMS, pod.metadata.namespace, claim, report))
        elif snapshot.owners[name] != pod.metadata.uid:
            warnings.append(Report("EphemeralVolumeCreationFailed", not_owned(pod, name)))
    if not creates and not warnings:
        return NOTHING
    return Plan(about=snapshot.object, creates=tuple(creates), warnings=tuple(warnings))


def not_owned(pod: Pod, claim: str) -> str:
    """Return what is wrong with a claim that has the right name and another owner."""
    namespace, name = pod.metadata.namespace, pod.metadata.name
    return f"PVC {namespace}/{claim} was not created for pod {namespace}/{name} (pod is not owner)"


def _claim(pod: Mapping[str, Any], name: str, source: Mapping[str, Any]) -> dict[str, Any]:
    template = source.get("volumeClaimTemplate") or {}
    metadata = template.get("metadata") or {}
    kept = {field: metadata[field] for field in ("labels", "annotations") if metadata.get(field)}
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {**kept, "name": name, "ownerReferences": [owner_reference(PODS, pod)]},
        "spec": template.get("spec") or {},
    }
