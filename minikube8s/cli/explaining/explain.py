"""From facts to the story: which parts it has for which kind. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from minikube8s.cli.explaining import cluster, origin, placement, pods, serving, workloads
from minikube8s.cli.explaining.facts import Facts, when, words
from minikube8s.cli.explaining.story import Finding, Story, finding

_EVENTS = 5
"""How many of the newest Events are shown."""


def explain(facts: Facts) -> Story:
    """Return why the object exists, is where it is and is how it is, and what would change that."""
    obj, kind = facts.object, facts.resource.kind
    metadata = obj["metadata"]
    namespace = metadata.get("namespace")
    place = f" in namespace {namespace}" if namespace else ""
    story = Story(f"{kind} {metadata['name']}{place} {_state(facts)}.")
    story.tell("Why it exists", origin.sentences(facts))
    if kind == "Pod":
        story.tell("Why it is where it is", placement.sentences(facts))
    findings = [*_going(facts), *_troubles(facts)]
    title = "Why it is not ready" if kind == "Pod" else "What keeps it from being as it should"
    story.tell_troubles(title, findings)
    story.tell("What was recorded last", _recent(facts))
    return story


def _state(facts: Facts) -> str:
    kind = facts.resource.kind
    if kind == "Pod":
        return pods.state(facts.object)
    if kind in workloads.KINDS:
        return workloads.state(facts.object)
    if kind == "Service":
        return serving.service_state(facts)
    if kind == "Node":
        return cluster.node_state(facts.object)
    if facts.object["metadata"].get("deletionTimestamp"):
        return "is being deleted"
    phase = (facts.object.get("status") or {}).get("phase")
    return f"is {phase}" if phase else "is there"


def _going(facts: Facts) -> Iterator[Finding]:
    metadata = facts.object["metadata"]
    finalizers = metadata.get("finalizers") or []
    if facts.resource.kind != "Pod" and metadata.get("deletionTimestamp"):
        since = facts.ago(metadata["deletionTimestamp"])
        waits = f" It waits for its finalizers: {', '.join(finalizers)}." if finalizers else ""
        yield finding(f"It was deleted {since}.{waits}")


_TROUBLES: dict[str, Callable[[Facts], Iterable[Finding]]] = {
    "Pod": lambda facts: pods.troubles(facts, facts.object),
    "Service": serving.service_troubles,
    "Ingress": serving.ingress_troubles,
    "PersistentVolumeClaim": serving.claim_troubles,
    "Node": cluster.node_troubles,
    "Namespace": cluster.namespace_troubles,
    **dict.fromkeys(workloads.KINDS, workloads.troubles),
}


def _troubles(facts: Facts) -> Iterable[Finding]:
    known = _TROUBLES.get(facts.resource.kind)
    if known is not None:
        return known(facts)
    return [*cluster.condition_troubles(facts), *cluster.last_warning(facts)]


def _recent(facts: Facts) -> Iterator[str]:
    for event in sorted(facts.about, key=when)[-_EVENTS:]:
        times = f", {event['count']} times" if event.get("count", 1) > 1 else ""
        yield f"{facts.ago(when(event))}{times}: {words(event)}"
