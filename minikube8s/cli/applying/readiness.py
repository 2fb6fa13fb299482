"""Whether what was applied is up, and how far it is. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minikube8s.cli.errors import CommandError
from minikube8s.cli.rollouts.state import KINDS, State, state

Object = dict[str, Any]


def readiness(obj: Object) -> State:
    """How far ``obj`` is from being up; what nothing has to come of is up at once.

    Raises CommandError for what has failed and will not be up any more.
    """
    kind, spec, status = obj.get("kind"), obj.get("spec") or {}, obj.get("status") or {}
    if kind in KINDS and (spec.get("updateStrategy") or {}).get("type") != "OnDelete":
        return state(obj)
    judge = _JUDGES.get(str(kind))
    return judge(obj, spec, status) if judge else State("", True)


def _replica_set(obj: Object, spec: Object, status: Object) -> State:
    wanted, ready = spec.get("replicas", 1), status.get("readyReplicas", 0)
    seen = status.get("observedGeneration", 0) >= obj["metadata"].get("generation", 0)
    return State(f"{ready} of {wanted} pods are ready", seen and ready >= wanted, ready, wanted)


def _service(_: Object, spec: Object, status: Object) -> State:
    if spec.get("type") != "LoadBalancer":
        return State("", True)
    addresses = (status.get("loadBalancer") or {}).get("ingress")
    return State("it has no address yet", bool(addresses))


def _definition(_: Object, __: Object, status: Object) -> State:
    return State("it is not established yet", _has(status, "Established"))


def _claim(obj: Object, _: Object, status: Object) -> State:
    # one that waits for its first pod is as far as it comes by itself
    if status.get("phase") == "Lost":
        raise CommandError(f'the volume of claim "{obj["metadata"]["name"]}" is lost')
    return State("", True)


def _pod(obj: Object, _: Object, status: Object) -> State:
    phase = status.get("phase", "")
    if phase == "Failed":
        why = status.get("message") or status.get("reason") or "a container ended with an error"
        raise CommandError(f'pod "{obj["metadata"]["name"]}" failed: {why}')
    done = phase == "Succeeded" or _has(status, "Ready")
    return State("it is not ready", done, int(done), 1)


def _job(obj: Object, spec: Object, status: Object) -> State:
    for condition in status.get("conditions") or ():
        if condition.get("type") == "Failed" and condition.get("status") == "True":
            raise CommandError(
                f'job "{obj["metadata"]["name"]}" failed: {condition.get("message") or "no reason"}'
            )
    wanted, ended = spec.get("completions") or 1, status.get("succeeded", 0)
    done = _has(status, "Complete") or bool(spec.get("suspend"))
    return State(f"{ended} of {wanted} pods have completed", done, ended, wanted)


def _has(status: Object, condition: str) -> bool:
    return any(
        one.get("type") == condition and one.get("status") == "True"
        for one in status.get("conditions") or ()
    )


_JUDGES: dict[str, Callable[[Object, Object, Object], State]] = {
    "ReplicaSet": _replica_set,
    "ReplicationController": _replica_set,
    "Pod": _pod,
    "Job": _job,
    "Service": _service,
    "CustomResourceDefinition": _definition,
    "PersistentVolumeClaim": _claim,
}


def owns(obj: Object, pod: Object) -> bool:
    """Whether ``pod`` is one of those that ``obj`` makes, or is it itself."""
    from minikube8s.api.selectors import from_label_selector, from_map

    metadata = pod["metadata"]
    if metadata.get("namespace") != obj["metadata"].get("namespace"):
        return False
    if obj.get("kind") == "Pod":
        return bool(metadata["name"] == obj["metadata"]["name"])
    selector = (obj.get("spec") or {}).get("selector")
    if not isinstance(selector, dict) or obj.get("kind") == "Service":
        return False
    plain = obj.get("kind") == "ReplicationController"
    wanted = from_map(selector) if plain else from_label_selector(selector)
    return wanted.matches(metadata.get("labels") or {})
