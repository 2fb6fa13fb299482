"""Defaults of what keeps pods running."""

from __future__ import annotations

from typing import Any

from minikube8s.api.defaults.fill import fill
from minikube8s.api.defaults.pods import pod_template
from minikube8s.api.defaults.storage import persistent_volume_claim

Obj = dict[str, Any]


def deployment(obj: Obj) -> None:
    """Fill a Deployment."""
    spec = _replicated(obj)
    fill(spec, revisionHistoryLimit=10, progressDeadlineSeconds=600)
    strategy = spec.setdefault("strategy", {})
    fill(strategy, type="RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        fill(strategy.setdefault("rollingUpdate", {}), maxUnavailable="25%", maxSurge="25%")


def replica_set(obj: Obj) -> None:
    """Fill a ReplicaSet."""
    _replicated(obj)


def replication_controller(obj: Obj) -> None:
    """Fill a ReplicationController, which takes its selector and labels from its template."""
    spec = _replicated(obj)
    labels = spec["template"]["metadata"].get("labels")
    if labels:
        metadata = obj.setdefault("metadata", {})
        for owner, name in ((spec, "selector"), (metadata, "labels")):
            if not owner.get(name):
                owner[name] = dict(labels)


def stateful_set(obj: Obj) -> None:
    """Fill a StatefulSet and the claims that it makes."""
    spec = _replicated(obj)
    fill(spec, revisionHistoryLimit=10, podManagementPolicy="OrderedReady")
    strategy = spec.setdefault("updateStrategy", {})
    fill(strategy, type="RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        fill(strategy.setdefault("rollingUpdate", {}), partition=0)
    kept = spec.setdefault("persistentVolumeClaimRetentionPolicy", {})
    fill(kept, whenDeleted="Retain", whenScaled="Retain")
    for claim in spec.get("volumeClaimTemplates") or ():
        fill(claim, apiVersion="v1", kind="PersistentVolumeClaim")
        persistent_volume_claim(claim)


def daemon_set(obj: Obj) -> None:
    """Fill a DaemonSet."""
    spec = obj.setdefault("spec", {})
    fill(spec, revisionHistoryLimit=10)
    strategy = spec.setdefault("updateStrategy", {})
    fill(strategy, type="RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        fill(strategy.setdefault("rollingUpdate", {}), maxUnavailable=1, maxSurge=0)
    pod_template(spec.setdefault("template", {}))


def pod_template_object(obj: Obj) -> None:
    """Fill a PodTemplate."""
    pod_template(obj.setdefault("template", {}))


def _replicated(obj: Obj) -> Obj:
    spec: Obj = obj.setdefault("spec", {})
    fill(spec, replicas=1)
    pod_template(spec.setdefault("template", {}))
    return spec
