"""Why a node is not ready, a namespace does not go, an autoscaler does not scale. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from minikube8s.api import nodeclaims
from minikube8s.api.meta import condition
from minikube8s.cli.explaining.facts import Facts, Object, latest, spec, status, when, words
from minikube8s.cli.explaining.story import Finding, finding

_PRESSURES = {
    "MemoryPressure": "End what takes the memory, or give the machine more.",
    "DiskPressure": "Free some of the disk: unused images and containers, logs.",
    "PIDPressure": "End what makes so many processes.",
    "NetworkUnavailable": "See the agent's log on that node: `mk8s status`.",
}


def node_state(node: Object) -> str:
    """Return in a few words how the node is."""
    ready = condition(node, "Ready")
    text = "is ready" if ready and ready["status"] == "True" else "is not ready"
    return f"{text}, and cordoned" if spec(node).get("unschedulable") else text


def node_troubles(facts: Facts) -> Iterator[Finding]:
    """Yield what keeps a node from taking and running pods."""
    node = facts.object
    name = node["metadata"]["name"]
    ready = condition(node, "Ready")
    if ready is None:
        yield finding("Its agent has never reported.", "Start the agent there: `mk8s up`.")
    elif ready["status"] != "True":
        since = facts.ago(ready.get("lastTransitionTime"))
        change = (
            "Start its agent (`mk8s up` there, `mk8s status` tells), or mend the way to it."
            if ready["status"] == "Unknown"
            else "Mend what the message names."
        )
        yield finding(f"{words(ready)} ({since})", change)
    refused = latest(facts.about, *nodeclaims.REASONS)
    if refused is not None:
        yield finding(f"{refused['message']} ({facts.ago(when(refused))})")
    for kind, change in _PRESSURES.items():
        found = condition(node, kind)
        if found is not None and found["status"] == "True":
            yield finding(f"{kind}: {words(found)}", change)
    if spec(node).get("unschedulable"):
        yield finding("It is cordoned: it gets no new pods.", f"`kubectl uncordon {name}`.")
    for taint in spec(node).get("taints") or []:
        value = f"={taint['value']}" if taint.get("value") else ""
        yield finding(
            f"Its taint {taint['key']}{value}:{taint['effect']} keeps away pods that"
            " do not tolerate it."
        )


def namespace_troubles(facts: Facts) -> Iterator[Finding]:
    """Yield what a namespace that is being deleted still waits for."""
    if "deletionTimestamp" not in facts.object["metadata"]:
        return
    for found in status(facts.object).get("conditions") or []:
        if found["status"] == "True":
            yield finding(
                f"{found['type']}: {found.get('message')}",
                "Whoever set the finalizers has to take them off the objects."
                if "Finalizers" in found["type"]
                else "",
            )


def condition_troubles(facts: Facts) -> Iterator[Finding]:
    """Yield the conditions of an autoscaler, a budget or anything else that do not hold."""
    kind = facts.object.get("kind", "")
    for found in status(facts.object).get("conditions") or []:
        holds = found.get("status") == "True"
        bad = holds if found.get("type") in _BAD_WHEN_TRUE else not holds
        if bad:
            text = f"{found['type']} is {found['status']}: {words(found)}"
            yield finding(text, _CHANGES.get(kind, ""))


_BAD_WHEN_TRUE = frozenset({"ScalingLimited", "Failed", "Stalled", "Denied", "Resizing"})
_CHANGES = {
    "HorizontalPodAutoscaler": "Give its pods' containers requests of what it scales by, and see"
    " `kubectl top pods`; or change its bounds.",
    "PodDisruptionBudget": "More of its pods have to be ready than it needs: mend them or add"
    " replicas, or change minAvailable or maxUnavailable.",
}


def last_warning(facts: Facts) -> Iterator[Finding]:
    """Yield the newest warning about an object that says nothing of itself."""
    warnings = [event for event in facts.about if event.get("type") == "Warning"]
    event = latest(warnings)
    if event is not None:
        yield finding(words(event))
