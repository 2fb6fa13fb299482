"""How a pod, and the pod template of a workload, are described."""

from __future__ import annotations

from typing import Any

from minikube8s.cli.describing import common, containers, volumes
from minikube8s.cli.describing.writer import Writer

Object = dict[str, Any]


def pod(w: Writer, obj: Object, around: common.Around) -> None:
    """A pod with its containers, conditions and Events."""
    spec, status = obj["spec"], obj.get("status") or {}
    common.head(w, obj)
    _placed(w, spec, status)
    common.labels(w, obj)
    _phase(w, obj, around)
    w.line(0, "IP:", status.get("podIP", ""))
    addresses = status.get("podIPs") or ()
    w.line(0, "IPs:", *(() if addresses else (common.NONE,)))
    for entry in addresses:
        w.line(1, "IP:", entry["ip"])
    common.controlled_by(w, obj)
    if status.get("nominatedNodeName"):
        w.line(0, "NominatedNodeName:", status["nominatedNodeName"])
    if spec.get("resources"):
        w.line(0, "Resources:")
        containers.resources(w, spec["resources"], 1)
    _containers(w, obj)
    found = status.get("conditions") or ()
    gates = spec.get("readinessGates") or ()
    if gates:
        known = {one["type"]: one["status"] for one in found}
        w.line(0, "Readiness Gates:")
        w.line(1, "Type", "Status")
        for gate in gates:
            word = gate["conditionType"]
            w.line(1, f"{word} ", f"{known.get(word, common.NONE)} ")
    if found:
        w.line(0, "Conditions:")
        w.line(1, "Type", "Status")
        for one in found:
            w.line(1, f"{one['type']} ", f"{one['status']} ")
    volumes.of_pod(w, spec.get("volumes"))
    w.line(0, "QoS Class:", status.get("qosClass") or _quality(spec))
    _placement(w, spec)
    common.events(w, around)


def template(w: Writer, content: Object | None) -> None:
    """The `Pod Template:` of a workload."""
    w.line(0, "Pod Template:")
    if content is None:
        w.line(1, common.UNSET)
        return
    spec, indent = content.get("spec") or {}, "  "
    holder = {"metadata": content.get("metadata") or {}}
    w.several(0, f"{indent}Labels", common.pairs(holder["metadata"].get("labels")))
    if holder["metadata"].get("annotations"):
        common.notes(w, holder, indent)
    if spec.get("serviceAccountName"):
        w.line(1, "Service Account:", spec["serviceAccountName"])
    if spec.get("initContainers"):
        containers.group(w, "Init Containers", spec["initContainers"], indent=indent)
    containers.group(w, "Containers", spec.get("containers"), indent=indent)
    volumes.of_pod(w, spec.get("volumes"), indent)
    _spread(w, spec, indent)
    if spec.get("priorityClassName"):
        w.line(1, "Priority Class Name:", spec["priorityClassName"])
    _chosen(w, spec, indent)


def _placed(w: Writer, spec: Object, status: Object) -> None:
    for label, field in (
        ("Priority:", "priority"),
        ("Priority Class Name:", "priorityClassName"),
        ("Runtime Class Name:", "runtimeClassName"),
        ("Service Account:", "serviceAccountName"),
    ):
        if spec.get(field) not in {None, ""}:
            w.line(0, label, spec[field])
    node = spec.get("nodeName")
    w.line(0, "Node:", f"{node}/{status.get('hostIP', '')}" if node else common.NONE)
    if status.get("startTime"):
        w.line(0, "Start Time:", common.local(status["startTime"]))


def _phase(w: Writer, obj: Object, around: common.Around) -> None:
    status, metadata = obj.get("status") or {}, obj["metadata"]
    phase = status.get("phase", "")
    if metadata.get("deletionTimestamp") and phase not in {"Failed", "Succeeded"}:
        common.status(w, obj, around, phase)
        seconds = metadata.get("deletionGracePeriodSeconds") or 0
        w.line(0, "Termination Grace Period:", f"{seconds}s")
    else:
        w.line(0, "Status:", phase)
    for field in ("reason", "message"):
        if status.get(field):
            w.line(0, f"{field.capitalize()}:", status[field])
    containers.seccomp(w, obj["spec"].get("securityContext"), 0, 0)


def _containers(w: Writer, obj: Object) -> None:
    spec, status = obj["spec"], obj.get("status") or {}
    for title, field, statuses in (
        ("Init Containers", "initContainers", "initContainerStatuses"),
        ("Containers", "containers", "containerStatuses"),
        ("Ephemeral Containers", "ephemeralContainers", "ephemeralContainerStatuses"),
    ):
        if spec.get(field) or field == "containers":
            containers.group(w, title, spec.get(field), status.get(statuses), obj)


def _placement(w: Writer, spec: Object) -> None:
    _chosen(w, spec, "")
    _spread(w, spec, "")


def _chosen(w: Writer, spec: Object, indent: str) -> None:
    w.several(0, f"{indent}Node-Selectors", common.pairs(spec.get("nodeSelector")))
    tolerations = sorted(spec.get("tolerations") or (), key=lambda one: str(one.get("key") or ""))
    w.several(0, f"{indent}Tolerations", map(_toleration, tolerations))


def _spread(w: Writer, spec: Object, indent: str) -> None:
    found = sorted(
        spec.get("topologySpreadConstraints") or (), key=lambda one: str(one["topologyKey"])
    )
    if found:
        w.several(0, f"{indent}Topology Spread Constraints", map(_constraint, found))


def _constraint(one: Object) -> str:
    text = f"{one['topologyKey']}:{one['whenUnsatisfiable']}"
    text += f" when max skew {one['maxSkew']} is exceeded"
    chosen = one.get("labelSelector")
    if chosen is None:
        return text
    return f"{text} for selector {common.selector(chosen) or common.NONE}"


def _toleration(one: Object) -> str:
    text = str(one.get("key") or "")
    if one.get("value"):
        text += f"={one['value']}"
    if one.get("effect"):
        text += f":{one['effect']}"
    if one.get("operator") == "Exists" and not one.get("value"):
        text += " op=Exists" if text else "op=Exists"
    if one.get("tolerationSeconds") is not None:
        text += f" for {one['tolerationSeconds']}s"
    return text


def _quality(spec: Object) -> str:
    from minikube8s.api.strategy.pods import qos_class

    return qos_class(spec)
