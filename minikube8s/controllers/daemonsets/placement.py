"""Which nodes a DaemonSet wants a pod on, and what a node's pod is. Pure.

Pods are bound by the scheduler: each asks for its node by name, in its node affinity.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from minikube8s.api.nodeselection import suits, tolerates
from minikube8s.api.resources import DAEMONSETS, PODS
from minikube8s.api.views import DaemonSet, Node, Pod, Toleration
from minikube8s.controllers.actions import Create, Report
from minikube8s.controllers.revisions import POD_LABEL, Revision
from minikube8s.controllers.templates import pod_of

CREATED = Report("SuccessfulCreate", "Created pod: {name}", "FailedCreate", "Error creating: ")

_NODE_NAME = "metadata.name"
_PREFIX = "node.kubernetes.io/"
_EVICTING = ("not-ready", "unreachable")
_REPELLING = ("disk-pressure", "memory-pressure", "pid-pressure", "unschedulable")
_NO_NETWORK = "network-unavailable"


class Verdict(NamedTuple):
    """What a DaemonSet wants of a node."""

    runs: bool
    """Whether the node shall have a pod."""
    keeps: bool
    """Whether a pod that is there may stay."""


def demanding(view: DaemonSet) -> Pod:
    """Return what all of the set's pods ask of their nodes, and bear there."""
    spec = view.spec.template.spec
    added = (
        Toleration(key=key, operator="Exists", effect=effect)
        for key, effect in _defaults(spec.host_network)
    )
    tolerations = (*spec.tolerations, *added)
    return Pod(spec=msgspec.structs.replace(spec, tolerations=tolerations))


def judge(asking: Pod, node: Node) -> Verdict:
    """Tell what a set whose pods are `demanding` wants of a node."""
    elsewhere = asking.spec.node_name not in ("", node.metadata.name)
    if elsewhere or not suits(asking, node.metadata):
        return Verdict(False, False)
    effects = {taint.effect for taint in node.spec.taints if not tolerates(asking, taint)}
    return Verdict(not effects & {"NoSchedule", "NoExecute"}, "NoExecute" not in effects)


def wish_of(pod: Pod) -> str:
    """Return the node that a pod asks for by name; "" when it asks for none."""
    wanted = pod.spec.affinity.node_affinity
    required = wanted and wanted.required_during_scheduling_ignored_during_execution
    for term in required.node_selector_terms if required else ():
        for one in term.match_fields:
            if one.key == _NODE_NAME and one.operator == "In" and len(one.values) == 1:
                return one.values[0]
    return ""


def create(owner: Mapping[str, Any], node: str, revision: Revision) -> Create:
    """Return the creation of a node's pod."""
    pod = pod_of(DAEMONSETS, owner, revision.template)
    metadata, spec = pod["metadata"], pod["spec"]
    metadata["labels"] = {**metadata.get("labels", {}), POD_LABEL: revision.digest}
    affinity = spec.setdefault("affinity", {}).setdefault("nodeAffinity", {})
    field = {"key": _NODE_NAME, "operator": "In", "values": [node]}
    # What the template asks of nodes was judged here, so the name can stand for all of it.
    affinity["requiredDuringSchedulingIgnoredDuringExecution"] = {
        "nodeSelectorTerms": [{"matchFields": [field]}]
    }
    spec["tolerations"] = _completed(spec)
    return Create(PODS, owner["metadata"]["namespace"], pod, CREATED)


def _defaults(host_network: bool) -> list[tuple[str, str]]:
    """Return what a daemon bears wherever it is: (key, effect) of taints."""
    repelling = (*_REPELLING, _NO_NETWORK) if host_network else _REPELLING
    return [
        *((f"{_PREFIX}{name}", "NoExecute") for name in _EVICTING),
        *((f"{_PREFIX}{name}", "NoSchedule") for name in repelling),
    ]


def _completed(spec: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the tolerations of a pod's spec with the default ones, which replace their like."""
    added = [
        {"key": key, "operator": "Exists", "effect": effect}
        for key, effect in _defaults(bool(spec.get("hostNetwork")))
    ]
    kept = [
        one
        for one in spec.get("tolerations") or ()
        if (one.get("key"), one.get("effect")) not in _keys(added)
        or one.get("operator") != "Exists"
    ]
    return kept + added


def _keys(tolerations: list[dict[str, Any]]) -> set[tuple[Any, Any]]:
    return {(one["key"], one["effect"]) for one in tolerations}
