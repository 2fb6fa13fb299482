"""How far a rollout is, in kubectl's sentences."""

from __future__ import annotations

from typing import Any, NamedTuple

from minikube8s.cli.errors import CommandError

Object = dict[str, Any]
REVISION = "deployment.kubernetes.io/revision"
KINDS = ("Deployment", "DaemonSet", "StatefulSet")


class State(NamedTuple):
    """What is to be told of a rollout: whether it is over, and pods done of those wanted."""

    text: str
    done: bool
    ready: int = 0
    wanted: int = 0


def state(obj: Object, revision: int = 0) -> State:
    """How far the rollout of ``obj`` is.

    ``revision`` other than 0 is the only one of a Deployment that counts. Raises CommandError for a
    rollout that has failed or cannot be told of.
    """
    kind = obj.get("kind")
    if kind == "Deployment":
        return _deployment(obj, revision)
    if kind == "DaemonSet":
        return _daemon_set(obj)
    if kind == "StatefulSet":
        return _stateful_set(obj)
    raise CommandError(f"no status viewer has been implemented for {kind}")


def _deployment(obj: Object, revision: int) -> State:
    name, spec, status = obj["metadata"]["name"], obj["spec"], obj.get("status") or {}
    running = (obj["metadata"].get("annotations") or {}).get(REVISION, "0")
    if revision and str(revision) != running:
        raise CommandError(
            f"desired revision ({revision}) is different from the running revision ({running})"
        )
    if not _observed(obj):
        return State("Waiting for deployment spec update to be observed...", False)
    for condition in status.get("conditions") or ():
        if condition.get("reason") == "ProgressDeadlineExceeded":
            raise CommandError(f'deployment "{name}" exceeded its progress deadline')
    wanted, updated = spec.get("replicas", 1), status.get("updatedReplicas", 0)
    total, available = status.get("replicas", 0), status.get("availableReplicas", 0)
    waiting = f'Waiting for deployment "{name}" rollout to finish: '
    if updated < wanted:
        text = f"{waiting}{updated} out of {wanted} new replicas have been updated..."
    elif total > updated:
        text = f"{waiting}{total - updated} old replicas are pending termination..."
    elif available < updated:
        text = f"{waiting}{available} of {updated} updated replicas are available..."
    else:
        return State(f'deployment "{name}" successfully rolled out', True, wanted, wanted)
    return State(text, False, min(available, updated), wanted)


def _daemon_set(obj: Object) -> State:
    name, status = obj["metadata"]["name"], obj.get("status") or {}
    _only_rolling(obj)
    if not _observed(obj):
        return State("Waiting for daemon set spec update to be observed...", False)
    wanted, updated = (
        status.get("desiredNumberScheduled", 0),
        status.get("updatedNumberScheduled", 0),
    )
    available = status.get("numberAvailable", 0)
    waiting = f'Waiting for daemon set "{name}" rollout to finish: '
    if updated < wanted:
        text = f"{waiting}{updated} out of {wanted} new pods have been updated..."
    elif available < wanted:
        text = f"{waiting}{available} of {wanted} updated pods are available..."
    else:
        return State(f'daemon set "{name}" successfully rolled out', True, wanted, wanted)
    return State(text, False, min(available, updated), wanted)


def _stateful_set(obj: Object) -> State:
    spec, status = obj["spec"], obj.get("status") or {}
    _only_rolling(obj)
    if not status.get("observedGeneration") or not _observed(obj):
        return State("Waiting for statefulset spec update to be observed...", False)
    wanted, ready = spec.get("replicas", 1), status.get("readyReplicas", 0)
    updated, version = status.get("updatedReplicas", 0), status.get("updateRevision", "")
    if ready < wanted:
        text = f"Waiting for {wanted - ready} pods to be ready..."
        return State(text, False, min(ready, updated), wanted)
    partition = ((spec.get("updateStrategy") or {}).get("rollingUpdate") or {}).get("partition")
    if partition is not None:
        above = wanted - partition
        if updated < above:
            text = "Waiting for partitioned roll out to finish: "
            text += f"{updated} out of {above} new pods have been updated..."
            return State(text, False, updated, above)
        text = f"partitioned roll out complete: {updated} new pods have been updated..."
        return State(text, True, above, above)
    if version != status.get("currentRevision", ""):
        text = "waiting for statefulset rolling update to complete "
        return State(f"{text}{updated} pods at revision {version}...", False, updated, wanted)
    current = status.get("currentReplicas", 0)
    text = f"statefulset rolling update complete {current} pods at revision "
    return State(f"{text}{status.get('currentRevision', '')}...", True, wanted, wanted)


def _observed(obj: Object) -> bool:
    seen: int = (obj.get("status") or {}).get("observedGeneration", 0)
    return bool(obj["metadata"].get("generation", 0) <= seen)


def _only_rolling(obj: Object) -> None:
    strategy = (obj["spec"].get("updateStrategy") or {}).get("type", "RollingUpdate")
    if strategy != "RollingUpdate":
        raise CommandError("rollout status is only available for RollingUpdate strategy type")
