"""Tables of nodes and namespaces."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from minikube8s.api.meta import condition, labels_of
from minikube8s.api.tables.model import (
    AGE,
    NAME,
    NONE,
    UNKNOWN,
    Column,
    Obj,
    Table,
    age,
    name_of,
    section,
    wide,
)

_ROLE_PREFIX = "node-role.kubernetes.io/"
_ROLE = "kubernetes.io/role"


def _node(obj: Obj, now: datetime) -> list[Any]:
    info = section(section(obj, "status"), "nodeInfo")
    return [
        name_of(obj),
        _node_status(obj),
        _roles(obj),
        age(obj, now),
        info.get("kubeletVersion") or "",
        _address(obj, "InternalIP"),
        _address(obj, "ExternalIP"),
        info.get("osImage") or UNKNOWN,
        info.get("kernelVersion") or UNKNOWN,
        info.get("containerRuntimeVersion") or UNKNOWN,
    ]


def _node_status(node: Obj) -> str:
    ready = condition(node, "Ready")
    if ready is None:
        status = "Unknown"
    else:
        status = "Ready" if ready.get("status") == "True" else "NotReady"
    if section(node, "spec").get("unschedulable"):
        return f"{status},SchedulingDisabled"
    return status


def _roles(node: Obj) -> str:
    roles = set()
    for key, value in labels_of(node).items():
        if key.startswith(_ROLE_PREFIX):
            roles.add(key.removeprefix(_ROLE_PREFIX))
        elif key == _ROLE:
            roles.add(value)
    return ",".join(sorted(roles - {""})) or NONE


def _address(node: Obj, type_: str) -> str:
    addresses = section(node, "status").get("addresses") or ()
    return next((one.get("address", "") for one in addresses if one.get("type") == type_), NONE)


def _namespace(obj: Obj, now: datetime) -> list[Any]:
    return [name_of(obj), section(obj, "status").get("phase", ""), age(obj, now)]


NODE = Table(
    (
        NAME,
        Column("Status", "The status of the node"),
        Column("Roles", "The roles of the node"),
        AGE,
        Column("Version", "Version of the node's agent."),
        wide("Internal-IP", "The node's address inside the cluster."),
        wide("External-IP", "The node's address for the outside."),
        wide("OS-Image", "The node's operating system."),
        wide("Kernel-Version", "The node's kernel."),
        wide("Container-Runtime", "What runs the node's containers."),
    ),
    _node,
)
NAMESPACE = Table((NAME, Column("Status", "The status of the namespace"), AGE), _namespace)
