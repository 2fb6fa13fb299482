"""How the kinds without pods of their own are described, and any kind that has no form yet."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from minikube8s.api.times import age
from minikube8s.cli.describing import common
from minikube8s.cli.describing.writer import Writer

Object = dict[str, Any]


def service(
    writer: Writer, obj: Object, slices: list[Object], events: list[Object], now: datetime
) -> None:
    """A Service with the endpoints of its EndpointSlices."""
    spec = obj["spec"]
    common.head(writer, obj)
    common.labels(writer, obj)
    pairs = [f"{key}={value}" for key, value in sorted((spec.get("selector") or {}).items())]
    writer.line(0, "Selector:", ",".join(pairs) or "<none>")
    writer.line(0, "Type:", spec.get("type", ""))
    writer.line(0, "IP Family Policy:", spec.get("ipFamilyPolicy") or "<none>")
    writer.line(0, "IP Families:", ",".join(spec.get("ipFamilies") or []) or "<none>")
    writer.line(0, "IP:", spec.get("clusterIP", ""))
    writer.line(0, "IPs:", ",".join(spec.get("clusterIPs") or []) or "<none>")
    if spec.get("externalName"):
        writer.line(0, "External Name:", spec["externalName"])
    for port in spec.get("ports") or []:
        name, protocol = port.get("name") or "<unset>", port.get("protocol", "TCP")
        writer.line(0, "Port:", name, f"{port['port']}/{protocol}")
        writer.line(0, "TargetPort:", f"{port.get('targetPort', port['port'])}/{protocol}")
        if port.get("nodePort"):
            writer.line(0, "NodePort:", name, f"{port['nodePort']}/{protocol}")
        writer.line(0, "Endpoints:", _endpoints(slices, port.get("name", "")))
    writer.line(0, "Session Affinity:", spec.get("sessionAffinity", ""))
    if spec.get("externalTrafficPolicy"):
        writer.line(0, "External Traffic Policy:", spec["externalTrafficPolicy"])
    if spec.get("internalTrafficPolicy"):
        writer.line(0, "Internal Traffic Policy:", spec["internalTrafficPolicy"])
    common.events(writer, events, now)


def node(
    writer: Writer, obj: Object, pods: list[Object], events: list[Object], now: datetime
) -> None:
    """A Node; ``pods`` are those bound to it that have not ended."""
    status = obj.get("status", {})
    common.head(writer, obj, namespaced=False)
    roles = [
        key.partition("/")[2]
        for key in obj["metadata"].get("labels") or {}
        if key.startswith("node-role.kubernetes.io/")
    ]
    writer.line(0, "Roles:", ",".join(sorted(roles)) or "<none>")
    common.labels(writer, obj)
    common.created(writer, obj)
    taints = [
        f"{taint['key']}={taint.get('value', '')}:{taint['effect']}".replace("=:", ":")
        for taint in obj.get("spec", {}).get("taints") or []
    ]
    writer.listing("Taints", taints)
    unschedulable = bool(obj.get("spec", {}).get("unschedulable"))
    writer.line(0, "Unschedulable:", str(unschedulable).lower())
    common.conditions(
        writer,
        obj,
        "Type",
        "Status",
        "LastHeartbeatTime",
        "LastTransitionTime",
        "Reason",
        "Message",
    )
    writer.line(0, "Addresses:")
    for address in status.get("addresses") or []:
        writer.line(1, f"{address['type']}:", address["address"])
    for title in ("capacity", "allocatable"):
        writer.line(0, f"{title.capitalize()}:")
        for name, amount in sorted((status.get(title) or {}).items()):
            writer.line(1, f"{name}:", amount)
    writer.line(0, "System Info:")
    for key, value in (status.get("nodeInfo") or {}).items():
        writer.line(1, f"{key[0].upper() + key[1:]}:", value)
    if obj.get("spec", {}).get("podCIDR"):
        writer.line(0, "PodCIDR:", obj["spec"]["podCIDR"])
    writer.line(0, "Non-terminated Pods:", f"({len(pods)} in total)")
    rows = [
        [pod["metadata"].get("namespace", ""), pod["metadata"]["name"], _age(pod, now)]
        for pod in pods
    ]
    writer.table(1, ["Namespace", "Name", "Age"], rows)
    common.events(writer, events, now)


def secret(writer: Writer, obj: Object) -> None:
    """A Secret: its keys with the sizes of their values, never the values."""
    common.head(writer, obj)
    common.labels(writer, obj)
    writer.line(0, "")
    writer.line(0, "Type:", obj.get("type", ""))
    writer.line(0, "")
    writer.line(0, "Data")
    writer.line(0, "====")
    for key, value in sorted((obj.get("data") or {}).items()):
        size = len(value.rstrip("=")) * 3 // 4
        writer.line(0, f"{key}:", f"{size} bytes")


def config_map(writer: Writer, obj: Object, events: list[Object], now: datetime) -> None:
    """A ConfigMap with its values."""
    common.head(writer, obj)
    common.labels(writer, obj)
    for title, field in (("Data", "data"), ("BinaryData", "binaryData")):
        writer.line(0, "")
        writer.line(0, title)
        writer.line(0, "====")
        for key, value in sorted((obj.get(field) or {}).items()):
            if field == "data":
                for text in (f"{key}:", "----", *str(value).splitlines(), ""):
                    writer.line(0, text)
            else:
                writer.line(0, f"{key}: {len(value.rstrip('=')) * 3 // 4} bytes")
    writer.line(0, "")
    common.events(writer, events, now)


def anything(
    writer: Writer, obj: Object, events: list[Object], now: datetime, *, namespaced: bool
) -> None:
    """A kind without a form of its own: every field, under its own name."""
    common.head(writer, obj, namespaced=namespaced)
    common.labels(writer, obj)
    writer.line(0, "API Version:", obj.get("apiVersion", ""))
    writer.line(0, "Kind:", obj.get("kind", ""))
    common.created(writer, obj)
    for field, value in obj.items():
        if field not in {"apiVersion", "kind", "metadata"}:
            _value(writer, field, value, 0)
    common.events(writer, events, now)


def _value(writer: Writer, field: str, value: Any, level: int) -> None:
    title = f"{field[:1].upper() + field[1:]}:"
    if isinstance(value, dict):
        writer.line(level, title)
        for key, inner in sorted(value.items()):
            _value(writer, key, inner, level + 1)
    elif isinstance(value, list):
        writer.line(level, title)
        for item in value:
            if isinstance(item, dict):
                for key, inner in sorted(item.items()):
                    _value(writer, key, inner, level + 1)
            else:
                writer.line(level + 1, item)
    else:
        writer.line(level, title, value)


def _endpoints(slices: list[Object], name: str) -> str:
    found = []
    for entry in slices:
        ports = [p for p in entry.get("ports") or [] if (p.get("name") or "") == name]
        for endpoint in entry.get("endpoints") or []:
            if (endpoint.get("conditions") or {}).get("ready") is False:
                continue
            found += [f"{a}:{p['port']}" for a in endpoint["addresses"] for p in ports]
    more = f" + {len(found) - 3} more..." if len(found) > 3 else ""
    return ",".join(found[:3]) + more


def _age(obj: Object, now: datetime) -> str:
    return age(obj["metadata"].get("creationTimestamp"), now)
