"""How a pod, and the pod template of a workload, are described."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from minikube8s.cli.describing import common
from minikube8s.cli.describing.writer import Writer

Object = dict[str, Any]


def describe(writer: Writer, pod: Object, events: list[Object], now: datetime) -> None:
    """A pod with its containers, conditions and events."""
    spec, status = pod["spec"], pod.get("status", {})
    common.head(writer, pod)
    writer.line(0, "Priority:", spec.get("priority", 0))
    writer.line(0, "Service Account:", spec.get("serviceAccountName", ""))
    host = status.get("hostIP", "")
    node = spec.get("nodeName")
    writer.line(0, "Node:", f"{node}/{host}" if node else "<none>")
    if status.get("startTime"):
        writer.line(0, "Start Time:", common.local(status["startTime"]))
    common.labels(writer, pod)
    _phase(writer, pod)
    writer.line(0, "IP:", status.get("podIP", ""))
    addresses = [entry["ip"] for entry in status.get("podIPs") or []]
    writer.line(0, "IPs:", *(() if addresses else ("<none>",)))
    for address in addresses:
        writer.line(1, "IP:", address)
    common.controlled_by(writer, pod)
    groups = (
        ("Init Containers", spec.get("initContainers"), status.get("initContainerStatuses")),
        ("Containers", spec.get("containers"), status.get("containerStatuses")),
    )
    for title, containers, statuses in groups:
        if containers:
            writer.line(0, f"{title}:")
            known = {entry["name"]: entry for entry in statuses or []}
            for container in containers:
                _container(writer, container, known.get(container["name"]), 1)
    common.conditions(writer, pod, "Type", "Status")
    _volumes(writer, spec.get("volumes") or [], 0)
    writer.line(0, "QoS Class:", status.get("qosClass", ""))
    writer.mapping("Node-Selectors", spec.get("nodeSelector"))
    writer.listing("Tolerations", [_toleration(t) for t in spec.get("tolerations") or []])
    spread = sorted(spec.get("topologySpreadConstraints") or [], key=lambda one: one["topologyKey"])
    if spread:
        writer.listing("Topology Spread Constraints", [_constraint(one) for one in spread])
    common.events(writer, events, now)


def _constraint(one: Object) -> str:
    text = f"{one['topologyKey']}:{one['whenUnsatisfiable']}"
    text += f" when max skew {one['maxSkew']} is exceeded"
    chosen = one.get("labelSelector")
    return text if chosen is None else f"{text} for selector {common.selector(chosen)}"


def template(writer: Writer, content: Object) -> None:
    """The `Pod Template:` of a workload."""
    writer.line(0, "Pod Template:")
    labels = content.get("metadata", {}).get("labels") or {}
    entries = [f"{key}={value}" for key, value in sorted(labels.items())] or ["<none>"]
    for index, entry in enumerate(entries):
        writer.line(1, "Labels:" if index == 0 else "", entry)
    writer.line(1, "Containers:")
    for container in content["spec"].get("containers") or []:
        _container(writer, container, None, 2)
    _volumes(writer, content["spec"].get("volumes") or [], 1)


def _phase(writer: Writer, pod: Object) -> None:
    status, metadata = pod.get("status", {}), pod["metadata"]
    if metadata.get("deletionTimestamp"):
        writer.line(0, "Status:", f"Terminating (since {metadata['deletionTimestamp']})")
        seconds = metadata.get("deletionGracePeriodSeconds", 0)
        writer.line(0, "Termination Grace Period:", f"{seconds}s")
    else:
        writer.line(0, "Status:", status.get("phase", ""))
    for field in ("reason", "message"):
        if status.get(field):
            writer.line(0, f"{field.capitalize()}:", status[field])


def _container(writer: Writer, container: Object, status: Object | None, level: int) -> None:
    writer.line(level, f"{container['name']}:")
    inner = level + 1
    if status is not None:
        writer.line(inner, "Container ID:", status.get("containerID", ""))
    writer.line(inner, "Image:", container.get("image", ""))
    if status is not None:
        writer.line(inner, "Image ID:", status.get("imageID", ""))
    ports = container.get("ports") or []
    shown = [f"{port['containerPort']}/{port.get('protocol', 'TCP')}" for port in ports]
    hosts = [f"{port.get('hostPort', 0)}/{port.get('protocol', 'TCP')}" for port in ports]
    plural = "s" if len(ports) > 1 else ""
    writer.line(inner, f"Port{plural}:", ", ".join(shown) or "<none>")
    writer.line(inner, f"Host Port{plural}:", ", ".join(hosts) or "<none>")
    for field, title in (("command", "Command:"), ("args", "Args:")):
        if container.get(field):
            writer.line(inner, title)
            for word in container[field]:
                writer.line(inner + 1, word)
    if status is not None:
        _states(writer, status, inner)
    for kind in ("limits", "requests"):
        amounts = (container.get("resources") or {}).get(kind)
        if amounts:
            writer.line(inner, f"{kind.capitalize()}:")
            for name, amount in sorted(amounts.items()):
                writer.line(inner + 1, f"{name}:", amount)
    for name in ("liveness", "readiness", "startup"):
        probe = container.get(f"{name}Probe")
        if probe:
            writer.line(inner, f"{name.capitalize()}:", _probe(probe))
    _environment(writer, container, inner)
    mounts = [
        f"{mount['mountPath']} from {mount['name']} ({'ro' if mount.get('readOnly') else 'rw'})"
        for mount in container.get("volumeMounts") or []
    ]
    writer.line(inner, "Mounts:", *(() if mounts else ("<none>",)))
    for mount in mounts:
        writer.line(inner + 1, mount)


def _states(writer: Writer, status: Object, level: int) -> None:
    _state(writer, "State", status.get("state") or {"waiting": {}}, level)
    if status.get("lastState"):
        _state(writer, "Last State", status["lastState"], level)
    writer.line(level, "Ready:", str(bool(status.get("ready"))))
    writer.line(level, "Restart Count:", status.get("restartCount", 0))


def _state(writer: Writer, title: str, state: Object, level: int) -> None:
    for kind, facts in state.items():
        writer.line(level, f"{title}:", kind.capitalize())
        for field in ("reason", "message", "signal"):
            if facts.get(field):
                writer.line(level + 1, f"{field.capitalize()}:", facts[field])
        if kind == "terminated":
            writer.line(level + 1, "Exit Code:", facts.get("exitCode", 0))
        for field, label in (("startedAt", "Started:"), ("finishedAt", "Finished:")):
            if facts.get(field):
                writer.line(level + 1, label, common.local(facts[field]))


def _environment(writer: Writer, container: Object, level: int) -> None:
    sources = container.get("envFrom") or []
    if sources:
        writer.line(level, "Environment Variables from:")
        for source in sources:
            for kind, title in (("configMapRef", "ConfigMap"), ("secretRef", "Secret")):
                if kind in source:
                    optional = str(bool(source[kind].get("optional"))).lower()
                    name = source[kind].get("name", "")
                    writer.line(level + 1, name, title, f"Optional: {optional}")
    variables = container.get("env") or []
    writer.line(level, "Environment:", *(() if variables else ("<none>",)))
    for variable in variables:
        writer.line(level + 1, f"{variable['name']}:", _variable(variable))


def _variable(variable: Object) -> str:
    source = variable.get("valueFrom") or {}
    for kind, title in (("configMapKeyRef", "config map"), ("secretKeyRef", "secret")):
        if kind in source:
            reference = source[kind]
            optional = str(bool(reference.get("optional"))).lower()
            return (
                f"<set to the key '{reference['key']}' in {title} '{reference.get('name', '')}'>"
                f"  Optional: {optional}"
            )
    if "fieldRef" in source:
        field = source["fieldRef"]
        return f" ({field.get('apiVersion', 'v1')}:{field['fieldPath']})"
    if "resourceFieldRef" in source:
        return f" ({source['resourceFieldRef']['resource']})"
    return str(variable.get("value", ""))


def _probe(probe: Object) -> str:
    if "httpGet" in probe:
        get = probe["httpGet"]
        scheme = get.get("scheme", "HTTP").lower()
        how = f"http-get {scheme}://{get.get('host', '')}:{get['port']}{get.get('path', '/')}"
    elif "tcpSocket" in probe:
        how = f"tcp-socket {probe['tcpSocket'].get('host', '')}:{probe['tcpSocket']['port']}"
    elif "grpc" in probe:
        how = f"grpc <pod>:{probe['grpc']['port']} {probe['grpc'].get('service', '')}"
    else:
        how = f"exec [{' '.join((probe.get('exec') or {}).get('command') or [])}]"
    return (
        f"{how} delay={probe.get('initialDelaySeconds', 0)}s"
        f" timeout={probe.get('timeoutSeconds', 1)}s period={probe.get('periodSeconds', 10)}s"
        f" #success={probe.get('successThreshold', 1)} #failure={probe.get('failureThreshold', 3)}"
    )


def _volumes(writer: Writer, volumes: list[Object], level: int) -> None:
    if not volumes:
        writer.line(level, "Volumes:", "<none>")
        return
    writer.line(level, "Volumes:")
    for volume in volumes:
        writer.line(level + 1, f"{volume['name']}:")
        for kind, facts in volume.items():
            if kind != "name":
                writer.line(level + 2, "Type:", kind[0].upper() + kind[1:])
                for field, value in (facts or {}).items():
                    if not isinstance(value, dict | list):
                        writer.line(level + 2, f"{field[0].upper() + field[1:]}:", value)


def _toleration(toleration: Object) -> str:
    text = str(toleration.get("key", ""))
    if toleration.get("value"):
        text += f"={toleration['value']}"
    if toleration.get("effect"):
        text += f":{toleration['effect']}"
    if toleration.get("operator") == "Exists" and not toleration.get("value"):
        text += " op=Exists"
    if toleration.get("tolerationSeconds") is not None:
        text += f" for {toleration['tolerationSeconds']}s"
    return text
