"""Why an object exists: who wants it, who made it, when. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from minikube8s.cli.explaining.facts import Facts, Object, named, spec, status, words

_REVISION = "deployment.kubernetes.io/revision"
_CAUSE = "kubernetes.io/change-cause"
_STATIC = "kubernetes.io/config.source"
_MIRROR = "kubernetes.io/config.mirror"
_CREATIONS = ("SuccessfulCreate", "ScalingReplicaSet")


def sentences(facts: Facts) -> Iterator[str]:
    """Yield the chain of causes, the first cause first."""
    metadata = facts.object["metadata"]
    if facts.lost_owner:
        yield (
            f"{facts.lost_owner}, which it names as its controller, is gone: the garbage collector"
            " deletes what it has left behind."
        )
    for owner in reversed(facts.owners):
        yield f"{named(owner)} {_wish(owner)}"
    if _MIRROR in (metadata.get("annotations") or {}):
        source = metadata["annotations"].get(_STATIC, "file")
        yield f"It is a static pod: a manifest of its node ({source}) wants it, the API shows it."
    elif facts.owners:
        yield _made_by(facts, facts.owners[0])
    elif not facts.lost_owner:
        yield _made_directly(facts)


def _made_by(facts: Facts, owner: Object) -> str:
    name = facts.object["metadata"]["name"]
    made = facts.ago(facts.object["metadata"].get("creationTimestamp"))
    creations = [
        event
        for event in facts.events_of(owner)
        if event.get("reason") in _CREATIONS and name in event.get("message", "")
    ]
    # Of a StatefulSet's Events those about a pod's claims name the pod, too.
    said = min(creations, key=lambda event: len(event["message"]), default=None)
    record = words(said) if said else "the Event that told of it has expired"
    return f"{named(owner)} made it {made} ({record})."


def _made_directly(facts: Facts) -> str:
    metadata = facts.object["metadata"]
    made = metadata.get("creationTimestamp")
    writers = [one for one in metadata.get("managedFields") or [] if not one.get("subresource")]
    first = min(writers, key=lambda one: one.get("time") or "", default=None)
    by = f" by {first['manager']}" if first and first.get("time") == made else ""
    return f"It was created directly {facts.ago(made)}{by}: nothing controls it."


def _deployment(owner: Mapping[str, Any]) -> str:
    annotations = owner["metadata"].get("annotations") or {}
    revision = annotations.get(_REVISION)
    cause = annotations.get(_CAUSE)
    text = f"wants {_replicas(owner)} of {_images(owner)}"
    if revision:
        text += f" (revision {revision}" + (f", {cause})" if cause else ")")
    return f"{text}."


def _keeps(owner: Mapping[str, Any]) -> str:
    return f"keeps {_replicas(owner)} of {_images(owner)}."


def _in_order(owner: Mapping[str, Any]) -> str:
    ordered = spec(owner).get("podManagementPolicy", "OrderedReady") == "OrderedReady"
    how = "one after the other, each when the one before is ready" if ordered else "all at once"
    return f"keeps {_replicas(owner)} of {_images(owner)}, numbered, {how}."


def _everywhere(owner: Mapping[str, Any]) -> str:
    count = status(owner).get("desiredNumberScheduled", 0)
    return f"keeps a pod of {_images(owner)} on every node that suits ({count} now)."


def _runs(owner: Mapping[str, Any]) -> str:
    wanted, parallel = spec(owner).get("completions"), spec(owner).get("parallelism", 1)
    if wanted is None:
        return f"runs {parallel} at a time until one has succeeded and all have ended."
    return f"runs pods until {wanted} have succeeded, {parallel} at a time."


def _by_the_clock(owner: Mapping[str, Any]) -> str:
    zone = spec(owner).get("timeZone") or "the master's time zone"
    return f"starts a Job at {spec(owner).get('schedule')!r} ({zone})."


_WISHES: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "Deployment": _deployment,
    "ReplicaSet": _keeps,
    "ReplicationController": _keeps,
    "StatefulSet": _in_order,
    "DaemonSet": _everywhere,
    "Job": _runs,
    "CronJob": _by_the_clock,
}


def _wish(owner: Mapping[str, Any]) -> str:
    wish = _WISHES.get(owner.get("kind", ""))
    return wish(owner) if wish else "controls it."


def _replicas(owner: Mapping[str, Any]) -> str:
    count = spec(owner).get("replicas", 1)
    return "1 pod" if count == 1 else f"{count} pods"


def _images(owner: Mapping[str, Any]) -> str:
    containers = (spec(owner).get("template") or {}).get("spec", {}).get("containers") or []
    return " and ".join(str(one.get("image", "")) for one in containers) or "its template"
