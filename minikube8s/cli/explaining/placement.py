"""Why a pod is on its node, or on none. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from minikube8s.api.meta import condition
from minikube8s.cli.explaining.facts import Facts, Object, plural, spec, status
from minikube8s.cli.explaining.story import Finding, finding
from minikube8s.scheduler import record as decisions

_REASON = re.compile(r"(\d+) (.+?)(?=, \d+ |$)")
_TAINT = re.compile(r"\{(?P<key>[^:}]+)(?:: (?P<value>[^}]*))?\}")
_NODE_TROUBLE = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")

_REMEDIES = (
    ("Too many pods", "Delete pods that are not needed, or add a node: `mk8s node add`."),
    (
        "node(s) didn't match Pod's node affinity/selector",
        "Label a node as the pod's nodeSelector or node affinity asks (`kubectl label node NODE"
        " KEY=VALUE`), or change what it asks.",
    ),
    (
        "node(s) didn't satisfy plugin(s) [NodeAffinity]",
        "These nodes are not the ones that its node affinity names: see the other reasons.",
    ),
    ("node(s) were unschedulable", "Let pods onto the cordoned node: `kubectl uncordon NODE`."),
    (
        "node(s) didn't have free ports for the requested pod ports",
        "Take another hostPort, or none: a Service of type NodePort shares nodes' ports.",
    ),
    (
        "node(s) didn't match pod affinity rules",
        "Start the pods that its podAffinity wants to be near, or change the rule.",
    ),
    (
        "node(s) didn't match pod anti-affinity rules",
        "Its podAntiAffinity keeps it away from pods that are there: add a node, or prefer instead"
        " of require.",
    ),
    (
        "node(s) didn't satisfy existing pods anti-affinity rules",
        "Pods there keep it away by their podAntiAffinity: add a node, or change their rule.",
    ),
    (
        "node(s) didn't match pod topology spread constraints (missing required label)",
        "Give the nodes the label that is its topologySpreadConstraint's topologyKey.",
    ),
    (
        "node(s) didn't match pod topology spread constraints",
        "Let nodes of the emptier domains take pods, raise maxSkew, or let it ScheduleAnyway.",
    ),
    (
        "node(s) didn't match PersistentVolume's node affinity",
        "Its volume is on a node that cannot take it: see the other reasons for that node.",
    ),
    (
        "node(s) had no available volume zone",
        "Its volume is of another zone: see the other reasons for that zone's nodes.",
    ),
    (
        "node(s) didn't find available persistent volumes to bind",
        "Create a PersistentVolume that suits its claim, or name a StorageClass that makes one.",
    ),
    (
        "pod has unbound immediate PersistentVolumeClaims",
        "Its claim has to be bound first: `mk8s why pvc/NAME`.",
    ),
)


def sentences(facts: Facts) -> Iterator[str]:
    """Yield why the pod is where it is; nothing when it is nowhere."""
    pod = facts.object
    node = spec(pod).get("nodeName")
    if not node:
        return
    scheduled = condition(pod, "PodScheduled")
    if scheduled and scheduled.get("message"):
        decided = facts.ago(scheduled.get("lastTransitionTime"))
        yield from _decision(f"The scheduler chose {node} {decided}", scheduled["message"])
    else:
        yield f"No scheduler's decision is on record: who created it named {node}."
    selector = spec(pod).get("nodeSelector")
    if selector:
        wanted = ", ".join(f"{key}={value}" for key, value in sorted(selector.items()))
        yield f"It asks for a node with {wanted}."
    if node not in facts.nodes:
        yield f"There is no node {node} any more."


def _decision(begin: str, message: str) -> Iterator[str]:
    """Yield what the scheduler wrote down when it decided, as sentences."""
    record = decisions.read(message)
    if record is None:
        yield f"{begin}: {message}"
        return
    unseen = f" ({record.unseen} more were not looked at)" if record.unseen else ""
    if record.how == "nominated":
        yield f"{begin}: other pods had been preempted there to make room for it."
    elif record.how == "only":
        yield f"{begin}: it was the only one that fits, of {plural(record.looked, 'node')}{unseen}."
    else:
        points = ", ".join(f"{name} {number}" for name, number in record.points)
        others = "".join(f", {name} {total}" for name, total in record.others)
        yield (
            f"{begin}: of {plural(record.looked, 'node')}{unseen} {record.fitting} fitted, and it"
            f" scored {record.total} ({points or 'all alike'}){others}."
        )
    for refused in record.refused:
        more = f" and {refused.more} more" if refused.more else ""
        yield f"{', '.join(refused.nodes)}{more} could not take it: {refused.reasons}."
    if record.more:
        yield f"Nodes were refused for {plural(record.more, 'further reason')}."


def troubles(facts: Facts, pod: Object) -> Iterator[Finding]:
    """Yield what keeps a pod without a node from getting one."""
    scheduled = condition(pod, "PodScheduled")
    gates = [gate["name"] for gate in spec(pod).get("schedulingGates") or []]
    if gates:
        yield finding(
            f"It is held back by its scheduling gates: {', '.join(gates)}.",
            "Whoever set the gates has to take them out of spec.schedulingGates.",
        )
    elif scheduled is None:
        name = spec(pod).get("schedulerName", "default-scheduler")
        yield finding(
            f"No scheduler has looked at it; it asks for {name!r}.",
            "" if name == "default-scheduler" else f"Run a scheduler called {name!r}, or take"
            " spec.schedulerName away.",
        )  # fmt: skip
    elif scheduled["status"] != "True":
        message = scheduled.get("message", "")
        yield finding(f"No node takes it: {message}", *_remedies(message, pod))
    nominated = status(pod).get("nominatedNodeName")
    if nominated:
        yield finding(
            f"{nominated} is kept for it: pods of lower priority there are being ended.",
            "Wait until they have ended.",
        )


def _remedies(message: str, pod: Mapping[str, Any]) -> Iterator[str]:
    found = message.partition(" preemption: ")[0].rstrip(".").partition("nodes are available: ")[2]
    for _, reason in _REASON.findall(found) or [("", found)]:
        yield _remedy(reason, pod)


def _remedy(reason: str, pod: Mapping[str, Any]) -> str:
    if reason.startswith("Insufficient "):
        name = reason.removeprefix("Insufficient ")
        asked = ", ".join(
            f"{container['name']}: {amount}"
            for container in spec(pod).get("containers") or []
            if (amount := ((container.get("resources") or {}).get("requests") or {}).get(name))
        )
        return f"Request less {name} ({asked}), delete pods that take it, or add a node."
    if "untolerated taint" in reason:
        taint = _TAINT.search(reason)
        key = taint["key"] if taint else ""
        if key in _NODE_TROUBLE:
            return "Get the node ready again: `mk8s why node/NAME`."
        return f"Tolerate the taint {key}, or take it off: `kubectl taint nodes NODE {key}-`."
    return next((change for start, change in _REMEDIES if reason.startswith(start)), "")


def node_troubles(facts: Facts, pod: Object) -> Iterator[Finding]:
    """Yield what is wrong with the pod's node."""
    name = spec(pod).get("nodeName", "")
    node = facts.nodes.get(name)
    if node is None:
        return
    ready = condition(node, "Ready")
    if ready is None or ready["status"] != "True":
        why = f" ({ready['message']})" if ready and ready.get("message") else ""
        yield finding(f"Its node {name} is not ready{why}", f"See `mk8s why node/{name}`.")
