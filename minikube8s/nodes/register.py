"""The Node object as an agent's Hello makes it. Pure: objects in, new objects out.

Owns who may say what of a Node: the agent its status, its labels, its roles and where its volumes
are; the master the pod addresses; everybody else labels, annotations, taints, unschedulable, which
stay as they are.
"""

import copy
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from minikube8s.api import localpath
from minikube8s.nodes.merging import merged_conditions

HOSTNAME_LABEL = "kubernetes.io/hostname"
OS_LABEL = "kubernetes.io/os"
ARCH_LABEL = "kubernetes.io/arch"
ROLE_LABEL = "node-role.kubernetes.io/"
ROLES = frozenset({"control-plane"})
"""The roles that a node may claim for itself."""
_KUBERNETES = ("kubernetes.io", "k8s.io")
_DESCRIBING = ("kubelet.kubernetes.io", "node.kubernetes.io")
"""Whose labels a node gives itself, of all that belong to Kubernetes."""
_PLACES = frozenset({"topology.kubernetes.io/region", "topology.kubernetes.io/zone"})


class Introduction(NamedTuple):
    """What a Hello says; `status` is a v1.NodeStatus, `instance` tells agents apart."""

    node: str
    status: dict[str, Any]
    labels: Mapping[str, str]
    roles: Sequence[str]
    volumes_dir: str = ""
    instance: str = ""


def node_labels(hello: Introduction) -> dict[str, str]:
    """The labels that come from the node itself.

    Labels of roles cannot come in as labels: a node has the roles of ROLES that it claims. Nor can
    those that administrators keep workloads apart with: Kubernetes' NodeRestriction.
    """
    info = hello.status.get("nodeInfo") or {}
    labels = {key: value for key, value in hello.labels.items() if _may_have(key)}
    labels[HOSTNAME_LABEL] = _hostname(hello)
    if system := info.get("operatingSystem"):
        labels[OS_LABEL] = system
    if architecture := info.get("architecture"):
        labels[ARCH_LABEL] = architecture
    labels.update({ROLE_LABEL + role: "" for role in hello.roles if role in ROLES})
    return labels


def new_node(hello: Introduction, pod_cidrs: Sequence[str], now: str) -> dict[str, Any]:
    """The Node object of a node that is not known yet."""
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": hello.node,
            "labels": node_labels(hello),
            **_annotated({}, hello),
        },
        "spec": {"podCIDR": pod_cidrs[0], "podCIDRs": list(pod_cidrs)},
        "status": refreshed_status({}, hello.status, now),
    }


def refreshed_node(
    node: dict[str, Any], hello: Introduction, pod_cidrs: Sequence[str]
) -> dict[str, Any]:
    """A known Node with the labels of its agent, and with pod addresses if it had none."""
    fresh = copy.deepcopy(node)
    metadata = fresh["metadata"]
    metadata["labels"] = {**(metadata.get("labels") or {}), **node_labels(hello)}
    metadata.update(_annotated(metadata.get("annotations") or {}, hello))
    spec = fresh.setdefault("spec", {})
    if not spec.get("podCIDR"):
        spec["podCIDR"] = pod_cidrs[0]
        spec["podCIDRs"] = list(pod_cidrs)
    return fresh


def own_addresses(status: Mapping[str, Any]) -> tuple[str, ...]:
    """The addresses by which a node of this v1.NodeStatus is reached."""
    told: list[dict[str, str]] = status.get("addresses") or []
    return tuple(one.get("address", "") for one in told if one.get("type") == "InternalIP")


def was_rebooted(node: Mapping[str, Any], hello: Introduction) -> bool:
    """Whether the machine has started anew since the Node was last told of."""
    before = ((node.get("status") or {}).get("nodeInfo") or {}).get("bootID")
    return bool(before) and before != boot_id(hello)


def boot_id(hello: Introduction) -> str:
    """What tells one start of the machine from another."""
    return str((hello.status.get("nodeInfo") or {}).get("bootID", ""))


def refreshed_status(
    old: Mapping[str, Any], reported: Mapping[str, Any], now: str
) -> dict[str, Any]:
    """The Node's status after the agent's report at `now` (RFC 3339)."""
    fresh = dict(reported)
    fresh["conditions"] = [
        {**condition, "lastHeartbeatTime": now}
        for condition in merged_conditions(
            old.get("conditions") or [], reported.get("conditions") or [], now
        )
    ]
    return fresh


def same_status(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two Node statuses differ in nothing but the time of the last heartbeat."""
    return _without_heartbeat(one) == _without_heartbeat(other)


def _without_heartbeat(status: Mapping[str, Any]) -> dict[str, Any]:
    conditions = [
        {key: value for key, value in condition.items() if key != "lastHeartbeatTime"}
        for condition in status.get("conditions") or []
    ]
    return {**status, "conditions": conditions}


def _may_have(label: str) -> bool:
    domain, slash, _ = label.partition("/")
    if not slash or not _within(domain, _KUBERNETES):
        return True
    return label in _PLACES or _within(domain, _DESCRIBING)


def _within(domain: str, of: Sequence[str]) -> bool:
    return any(domain == one or domain.endswith(f".{one}") for one in of)


def _annotated(before: Mapping[str, str], hello: Introduction) -> dict[str, dict[str, str]]:
    """The annotations with the agent's own, as a part of the metadata."""
    if not hello.volumes_dir:
        return {}
    return {"annotations": {**before, localpath.DIRECTORY: hello.volumes_dir}}


def _hostname(hello: Introduction) -> str:
    addresses: list[dict[str, str]] = hello.status.get("addresses") or []
    found = (one.get("address") for one in addresses if one.get("type") == "Hostname")
    return next(found, None) or hello.node
