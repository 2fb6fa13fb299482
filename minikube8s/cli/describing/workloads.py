"""How ReplicaSets and Deployments are described."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from minikube8s.api.meta import controller_of
from minikube8s.cli.describing import common, pods
from minikube8s.cli.describing.writer import Writer

Object = dict[str, Any]
_REVISION = "deployment.kubernetes.io/revision"


def replica_set(
    writer: Writer, obj: Object, owned: list[Object], events: list[Object], now: datetime
) -> None:
    """A ReplicaSet; ``owned`` are the pods that its selector matches."""
    spec, status = obj["spec"], obj.get("status", {})
    common.head(writer, obj)
    writer.line(0, "Selector:", common.selector(spec.get("selector")))
    common.labels(writer, obj)
    common.controlled_by(writer, obj)
    replicas = f"{status.get('replicas', 0)} current / {spec.get('replicas', 1)} desired"
    writer.line(0, "Replicas:", replicas)
    phases = [pod.get("status", {}).get("phase", "") for pod in owned]
    words = ("Running", "Pending" if "Pending" in phases else "Waiting", "Succeeded", "Failed")
    counts = [f"{phases.count(word)} {word}" for word in words]
    writer.line(0, "Pods Status:", " / ".join(counts))
    pods.template(writer, spec["template"])
    common.conditions(writer, obj, "Type", "Status", "Reason")
    common.events(writer, events, now)


def deployment(
    writer: Writer, obj: Object, sets: list[Object], events: list[Object], now: datetime
) -> None:
    """A Deployment; ``sets`` are the ReplicaSets of its namespace."""
    spec, status = obj["spec"], obj.get("status", {})
    common.head(writer, obj)
    common.created(writer, obj)
    common.labels(writer, obj)
    writer.line(0, "Selector:", common.selector(spec.get("selector")))
    counts = [
        f"{spec.get('replicas', 1)} desired",
        f"{status.get('updatedReplicas', 0)} updated",
        f"{status.get('replicas', 0)} total",
        f"{status.get('availableReplicas', 0)} available",
        f"{status.get('unavailableReplicas', 0)} unavailable",
    ]
    writer.line(0, "Replicas:", " | ".join(counts))
    strategy = spec.get("strategy") or {}
    writer.line(0, "StrategyType:", strategy.get("type", ""))
    writer.line(0, "MinReadySeconds:", spec.get("minReadySeconds", 0))
    rolling = strategy.get("rollingUpdate")
    if rolling:
        limits = f"{rolling['maxUnavailable']} max unavailable, {rolling['maxSurge']} max surge"
        writer.line(0, "RollingUpdateStrategy:", limits)
    pods.template(writer, spec["template"])
    common.conditions(writer, obj, "Type", "Status", "Reason")
    old, new = _sets(obj, sets)
    writer.line(0, "OldReplicaSets:", ", ".join(map(_created, old)) or "<none>")
    writer.line(0, "NewReplicaSet:", ", ".join(map(_created, new)) or "<none>")
    common.events(writer, events, now)


def _sets(deployment: Object, sets: list[Object]) -> tuple[list[Object], list[Object]]:
    uid = deployment["metadata"]["uid"]
    mine = [found for found in sets if (controller_of(found) or {}).get("uid") == uid]
    current = _revision(deployment)
    old = [found for found in mine if _revision(found) != current]
    return old, [found for found in mine if _revision(found) == current]


def _revision(obj: Object) -> str:
    return str((obj["metadata"].get("annotations") or {}).get(_REVISION, ""))


def _created(found: Object) -> str:
    status, spec = found.get("status", {}), found["spec"]
    made = f"{status.get('replicas', 0)}/{spec.get('replicas', 1)}"
    return f"{found['metadata']['name']} ({made} replicas created)"
