"""How workloads that keep pods running are described."""

from __future__ import annotations

from typing import Any

from minikube8s.api.meta import controller_of
from minikube8s.cli.describing import claims, common, pods
from minikube8s.cli.describing.writer import Writer

Object = dict[str, Any]
_HASH = "pod-template-hash"
_PHASES = {"Running": "Running", "Pending": "Waiting", "Succeeded": "Succeeded", "Failed": "Failed"}
_CONDITIONS = ("Type", "Status", "Reason")


def replica_set(w: Writer, obj: Object, around: common.Around) -> None:
    """A ReplicaSet; ``pods`` are those that its selector matches, ``unseen`` why there are none."""
    spec, status = obj["spec"], obj.get("status") or {}
    common.head(w, obj)
    w.line(0, "Selector:", common.selector(spec.get("selector")) or common.NONE)
    common.labels(w, obj)
    common.controlled_by(w, obj)
    _replicas(w, obj, around)
    pods.template(w, spec.get("template"))
    _conditions(w, status)
    common.events(w, around)


def replication_controller(w: Writer, obj: Object, around: common.Around) -> None:
    """A ReplicationController; ``pods`` are those that its selector matches."""
    spec, status = obj["spec"], obj.get("status") or {}
    common.head(w, obj)
    w.line(0, "Selector:", common.joined(spec.get("selector")))
    common.labels(w, obj)
    _replicas(w, obj, around)
    pods.template(w, spec.get("template"))
    _conditions(w, status)
    common.events(w, around)


def deployment(w: Writer, obj: Object, around: common.Around) -> None:
    """A Deployment; ``sets`` are the ReplicaSets of its namespace."""
    spec, status = obj["spec"], obj.get("status") or {}
    common.head(w, obj)
    common.created(w, obj)
    common.labels(w, obj)
    w.line(0, "Selector:", common.selector(spec.get("selector")))
    counts = [
        f"{spec.get('replicas', 1)} desired",
        f"{status.get('updatedReplicas', 0)} updated",
        f"{status.get('replicas', 0)} total",
        f"{status.get('availableReplicas', 0)} available",
        f"{status.get('unavailableReplicas', 0)} unavailable",
    ]
    w.line(0, "Replicas:", " | ".join(counts))
    strategy = spec.get("strategy") or {}
    w.line(0, "StrategyType:", strategy.get("type", ""))
    w.line(0, "MinReadySeconds:", spec.get("minReadySeconds", 0))
    rolling = strategy.get("rollingUpdate")
    if rolling:
        unavailable, surge = rolling.get("maxUnavailable", 0), rolling.get("maxSurge", 0)
        w.line(0, "RollingUpdateStrategy:", f"{unavailable} max unavailable, {surge} max surge")
    pods.template(w, spec.get("template"))
    _conditions(w, status)
    old, new = _sets(obj, around.related.get("sets") or [])
    if old or new:
        w.line(0, "OldReplicaSets:", ", ".join(map(_made, old)) or common.NONE)
        w.line(0, "NewReplicaSet:", ", ".join(map(_made, new)) or common.NONE)
    common.events(w, around)


def daemon_set(w: Writer, obj: Object, around: common.Around) -> None:
    """A DaemonSet; ``pods`` are those that its selector matches."""
    spec, status = obj["spec"], obj.get("status") or {}
    common.head(w, obj)
    w.line(0, "Selector:", common.selector(spec.get("selector")))
    w.line(0, "Node-Selector:", common.joined(spec["template"]["spec"].get("nodeSelector")))
    common.labels(w, obj)
    for title, field in (
        ("Desired Number of Nodes Scheduled", "desiredNumberScheduled"),
        ("Current Number of Nodes Scheduled", "currentNumberScheduled"),
        ("Number of Nodes Scheduled with Up-to-date Pods", "updatedNumberScheduled"),
        ("Number of Nodes Scheduled with Available Pods", "numberAvailable"),
        ("Number of Nodes Misscheduled", "numberMisscheduled"),
    ):
        w.line(0, f"{title}: {status.get(field, 0)}")
    _pods_status(w, obj, around)
    pods.template(w, spec.get("template"))
    common.events(w, around)


def stateful_set(w: Writer, obj: Object, around: common.Around) -> None:
    """A StatefulSet; ``pods`` are those that its selector matches."""
    spec, status = obj["spec"], obj.get("status") or {}
    common.head(w, obj)
    common.created(w, obj)
    w.line(0, "Selector:", common.selector(spec.get("selector")))
    common.labels(w, obj)
    counts = f"{spec.get('replicas', 1)} desired | {status.get('replicas', 0)} total"
    w.line(0, "Replicas:", counts)
    strategy = spec.get("updateStrategy") or {}
    w.line(0, "Update Strategy:", strategy.get("type", ""))
    rolling = strategy.get("rollingUpdate") or {}
    if rolling.get("partition") is not None:
        w.line(1, "Partition:", rolling["partition"])
        if rolling.get("maxUnavailable") is not None:
            w.line(1, "MaxUnavailable:", rolling["maxUnavailable"])
    _pods_status(w, obj, around)
    pods.template(w, spec.get("template"))
    claims.templates(w, spec.get("volumeClaimTemplates"))
    common.events(w, around)


def _replicas(w: Writer, obj: Object, around: common.Around) -> None:
    current = (obj.get("status") or {}).get("replicas", 0)
    w.line(0, "Replicas:", f"{current} current / {obj['spec'].get('replicas', 1)} desired")
    _pods_status(w, obj, around)


def _pods_status(w: Writer, obj: Object, around: common.Around) -> None:
    if "unseen" in around.related:
        w.line(0, "Pods Status:", f"error in fetching pods: {around.related['unseen']}")
        return
    uid = obj["metadata"].get("uid")
    phases = [
        (pod.get("status") or {}).get("phase", "")
        for pod in around.related.get("pods") or ()
        if (controller_of(pod) or {}).get("uid") == uid
    ]
    counts = [f"{phases.count(phase)} {word}" for phase, word in _PHASES.items()]
    w.line(0, "Pods Status:", " / ".join(counts))


def _conditions(w: Writer, status: Object) -> None:
    found = status.get("conditions") or ()
    if found:
        w.line(0, "Conditions:")
        w.table(1, _CONDITIONS, ())
        for one in found:
            w.line(1, f"{one['type']} ", one["status"], one.get("reason", ""))


def _sets(deployment: Object, sets: list[Object]) -> tuple[list[Object], list[Object]]:
    """The old ReplicaSets, and the new one: the oldest that was made from the same template."""
    uid = deployment["metadata"].get("uid")
    mine = [found for found in sets if (controller_of(found) or {}).get("uid") == uid]
    wanted = _comparable(deployment["spec"]["template"])
    same = [found for found in mine if _comparable(found["spec"]["template"]) == wanted]
    new = sorted(same, key=lambda one: str(one["metadata"].get("creationTimestamp")))[:1]
    return [found for found in mine if found not in new], new


def _comparable(template: Object) -> Object:
    metadata = template.get("metadata") or {}
    labels = {k: v for k, v in (metadata.get("labels") or {}).items() if k != _HASH}
    return {
        "labels": labels,
        "annotations": metadata.get("annotations") or {},
        "spec": template["spec"],
    }


def _made(found: Object) -> str:
    replicas = (found.get("status") or {}).get("replicas", 0)
    made = f"{replicas}/{found['spec'].get('replicas', 1)}"
    return f"{found['metadata']['name']} ({made} replicas created)"
