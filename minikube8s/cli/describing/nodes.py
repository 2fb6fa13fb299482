"""How a Node is described: what it is, what runs there and how much of it is taken."""

from __future__ import annotations

from typing import Any

from minikube8s.api import podresources
from minikube8s.api.podresources import Amounts
from minikube8s.api.quantity import Quantity, canonical
from minikube8s.cli.describing import common
from minikube8s.cli.describing.writer import Writer

Object = dict[str, Any]
_ROLE, _OLD_ROLE = "node-role.kubernetes.io/", "kubernetes.io/role"
_INFO = (
    ("Machine ID", "machineID"),
    ("System UUID", "systemUUID"),
    ("Boot ID", "bootID"),
    ("Kernel Version", "kernelVersion"),
    ("OS Image", "osImage"),
    ("Operating System", "operatingSystem"),
    ("Architecture", "architecture"),
    ("Container Runtime Version", "containerRuntimeVersion"),
    ("Kubelet Version", "kubeletVersion"),
    ("Kube-Proxy Version", "kubeProxyVersion"),
)
_STANDARD = ("cpu", "memory", "ephemeral-storage")
_NOTHING = Quantity(0)


def node(w: Writer, obj: Object, around: common.Around) -> None:
    """A Node. ``pods``: those bound to it that have not ended, None where they may not be seen;
    ``lease``: its Lease, or the sentence why there is none.
    """
    spec, status = obj.get("spec") or {}, obj.get("status") or {}
    common.head(w, obj, namespace=False)
    w.line(0, "Roles:", ",".join(_roles(obj)) or common.NONE)
    common.labels(w, obj)
    common.created(w, obj)
    taints = sorted(spec.get("taints") or (), key=lambda one: (one["effect"], one["key"]))
    w.several(0, "Taints", map(_taint, taints))
    w.line(0, "Unschedulable:", common.go(bool(spec.get("unschedulable"))))
    _lease(w, around.related.get("lease"))
    _conditions(w, status)
    w.line(0, "Addresses:")
    for address in status.get("addresses") or ():
        w.line(1, f"{address['type']}:", address["address"])
    for title in ("capacity", "allocatable"):
        if status.get(title):
            w.line(0, f"{title.capitalize()}:")
            for name, amount in sorted(status[title].items()):
                w.line(1, f"{name}:", canonical(amount))
    w.line(0, "System Info:")
    info = status.get("nodeInfo") or {}
    for label, field in _INFO:
        w.line(1, f"{label}:", info.get(field, ""))
    if spec.get("podCIDR"):
        w.line(0, "PodCIDR:", spec["podCIDR"])
    if spec.get("podCIDRs"):
        w.line(0, "PodCIDRs:", ",".join(spec["podCIDRs"]))
    if spec.get("providerID"):
        w.line(0, "ProviderID:", spec["providerID"])
    pods = around.related.get("pods")
    if pods is None:
        w.line(0, "Pods:", "not authorized")
    else:
        _taken(w, pods, status, around)
    common.events(w, around)


def _roles(obj: Object) -> list[str]:
    labels = obj["metadata"].get("labels") or {}
    roles = {key.removeprefix(_ROLE) for key in labels if key.startswith(_ROLE)}
    return sorted((roles | {labels.get(_OLD_ROLE, "")}) - {""})


def _taint(one: Object) -> str:
    value, effect = one.get("value"), one.get("effect")
    text = f"{one['key']}={value}" if value else str(one["key"])
    return f"{text}:{effect}" if effect else text


def _lease(w: Writer, found: Object | str | None) -> None:
    if not isinstance(found, dict):
        w.line(0, "Lease:", f"Failed to get lease: {found}")
        return
    spec = found.get("spec") or {}
    w.line(0, "Lease:")
    w.line(1, "HolderIdentity:", spec.get("holderIdentity") or common.UNSET)
    for field in ("acquireTime", "renewTime"):
        when = common.local(spec[field]) if spec.get(field) else common.UNSET
        w.line(1, f"{field[0].upper()}{field[1:]}:", when)


def _conditions(w: Writer, status: Object) -> None:
    found = status.get("conditions") or ()
    if not found:
        return
    columns = ("Type", "Status", "LastHeartbeatTime", "LastTransitionTime", "Reason", "Message")
    common.conditions(w, found, *columns, space=" ")


def _taken(w: Writer, pods: list[Object], status: Object, around: common.Around) -> None:
    whole = podresources.amounts(status.get("allocatable") or status.get("capacity"))
    w.line(0, "Non-terminated Pods:", f"({len(pods)} in total)")
    headers = ("CPU Requests", "CPU Limits", "Memory Requests", "Memory Limits", "Age")
    w.line(1, "Namespace", "Name", "", *headers)
    w.line(1, "-" * 9, "----", "", *("-" * len(header) for header in headers))
    requested: Amounts = {}
    limited: Amounts = {}
    for pod in pods:
        asked = podresources.requests(pod["spec"])
        limits = podresources.limits(pod["spec"])
        podresources.add(requested, asked)
        podresources.add(limited, limits)
        amounts = [
            _share(name, side.get(name, _NOTHING), whole.get(name, _NOTHING))
            for name in ("cpu", "memory")
            for side in (asked, limits)
        ]
        metadata = pod["metadata"]
        when = around.age(metadata.get("creationTimestamp"))
        w.line(1, metadata.get("namespace", ""), metadata["name"], "", *amounts, when)
    w.line(0, "Allocated resources:")
    w.line(1, "(Total limits may be over 100 percent, i.e., overcommitted.)")
    w.line(1, "Resource", "Requests", "Limits")
    w.line(1, "--------", "--------", "------")
    more = sorted(name for name in whole if name not in _STANDARD and name != "pods")
    pages = [name for name in more if name.startswith("hugepages-")]
    for name in (*_STANDARD, *pages):
        sides = (side.get(name, _NOTHING) for side in (requested, limited))
        w.line(1, name, *(_share(name, one, whole.get(name, _NOTHING)) for one in sides))
    for name in more:
        if name not in pages:
            w.line(1, name, *(side.get(name, _NOTHING) for side in (requested, limited)))


def _share(name: str, part: Quantity, whole: Quantity) -> str:
    """An amount, and how many full percents of the whole that is."""
    sides = (part.milli, whole.milli) if name == "cpu" else (part.value, whole.value)
    percent = int(sides[0] / sides[1] * 100) if sides[1] else 0
    return f"{part} ({percent}%)"
