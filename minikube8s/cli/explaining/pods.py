"""Why a pod does not run, or is not ready. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from minikube8s.api.meta import condition, is_pod_ready
from minikube8s.cli.explaining import placement
from minikube8s.cli.explaining.containers import container_troubles
from minikube8s.cli.explaining.facts import Facts, Object, latest, plural, spec, status, words
from minikube8s.cli.explaining.story import Finding, finding

_MOUNT_EVENTS = ("FailedMount", "FailedAttachVolume")


def state(pod: Object) -> str:
    """Return in a few words how the pod is."""
    phase = status(pod).get("phase", "Pending")
    if pod["metadata"].get("deletionTimestamp"):
        return "is being deleted"
    if phase == "Running":
        return "is Running and ready" if is_pod_ready(pod) else "is Running, but not ready"
    return {"Succeeded": "has ended with success", "Failed": "has failed"}.get(
        phase, f"is {phase}, it does not run yet"
    )


def troubles(facts: Facts, pod: Object) -> list[Finding]:
    """Return what keeps the pod from being ready; nothing for one that is, or that succeeded."""
    phase = status(pod).get("phase", "Pending")
    if pod["metadata"].get("deletionTimestamp"):
        return [*_ending(facts, pod), *placement.node_troubles(facts, pod)]
    if phase == "Succeeded" or is_pod_ready(pod):
        return []
    if phase == "Failed":
        return list(_failure(facts, pod))
    if not spec(pod).get("nodeName"):
        return [*_missing_claims(facts, pod), *placement.troubles(facts, pod)]
    found = [
        *placement.node_troubles(facts, pod),
        *_missing_claims(facts, pod),
        *container_troubles(facts, pod),
        *_gates(pod),
    ]
    return found or [_silence(facts, pod)]


def _ending(facts: Facts, pod: Object) -> Iterator[Finding]:
    metadata = pod["metadata"]
    grace = plural(int(metadata.get("deletionGracePeriodSeconds") or 0), "second")
    yield finding(f"Its containers have {grace} to end, until {metadata['deletionTimestamp']}.")
    yield from _disruption(facts, pod)
    finalizers = metadata.get("finalizers") or []
    if finalizers:
        yield finding(
            f"It stays until its finalizers are taken off: {', '.join(finalizers)}.",
            "The controllers that set them do that; find out why they have not.",
        )


def _failure(facts: Facts, pod: Object) -> Iterator[Finding]:
    told = status(pod)
    if words(told):
        yield finding(f"It failed: {words(told)}")
    yield from _disruption(facts, pod)
    yield from container_troubles(facts, pod)


def _disruption(facts: Facts, pod: Object) -> Iterator[Finding]:
    why = condition(pod, "DisruptionTarget")
    if why is not None:
        yield finding(f"It was ended from outside: {words(why)}")
    event = latest(facts.events_of(pod), "Preempted", "TaintManagerEviction", "Evicted")
    if event is not None:
        yield finding(words(event))


def _missing_claims(facts: Facts, pod: Object) -> Iterator[Finding]:
    for volume in spec(pod).get("volumes") or []:
        name = (volume.get("persistentVolumeClaim") or {}).get("claimName")
        if not name or name not in facts.claims:
            continue
        claim = facts.claims[name]
        if claim is None:
            yield finding(
                f"Its volume {volume['name']} wants the claim {name}, which there is not.",
                f"Create the PersistentVolumeClaim {name}.",
            )
        elif status(claim).get("phase") != "Bound":
            yield finding(
                f"Its claim {name} is {status(claim).get('phase', 'Pending')}.",
                f"See `mk8s why pvc/{name}`.",
            )


def _gates(pod: Mapping[str, Any]) -> Iterator[Finding]:
    for gate in spec(pod).get("readinessGates") or []:
        name = gate["conditionType"]
        found = condition(pod, name)
        if found is None or found["status"] != "True":
            yield finding(
                f"Its readiness gate {name} is not open.",
                f"Whoever decides that has to set the condition {name} of the pod to True.",
            )


def _silence(facts: Facts, pod: Object) -> Finding:
    mount = latest(facts.events_of(pod), *_MOUNT_EVENTS)
    if mount:
        return finding(words(mount), "Correct what the volume names.")
    ready = condition(pod, "Ready")
    why = f" ({words(ready)})" if words(ready) else ""
    return finding(f"Its node has not said that it is ready yet{why}.")
