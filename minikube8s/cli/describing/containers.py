"""How the containers of a pod, or of a pod template, are described."""

from __future__ import annotations

from typing import Any

from minikube8s.api.quantity import canonical, parse
from minikube8s.cli.describing import common
from minikube8s.cli.describing.writer import Writer

Object = dict[str, Any]


def group(
    w: Writer,
    title: str,
    containers: list[Object] | None,
    statuses: list[Object] | None = None,
    pod: Object | None = None,
    indent: str = "",
) -> None:
    """One group of containers; ``pod`` resolves what variables take from its fields."""
    w.line(0, f"{indent}{title}:" + ("" if containers else f" {common.NONE}"))
    known = {entry["name"]: entry for entry in statuses or ()}
    for container in containers or ():
        status = known.get(container["name"])
        w.line(1, f"{' ' if indent else ''}{container['name']}:")
        _basics(w, container, status)
        for field in ("command", "args"):
            if container.get(field):
                w.line(2, f"{field.capitalize()}:")
                for word in container[field]:
                    for line in word.split("\n"):
                        w.line(3, line)
        if status:
            _states(w, status)
        resources(w, container.get("resources"), 2)
        for name in ("liveness", "readiness", "startup"):
            if container.get(f"{name}Probe"):
                w.line(2, f"{name.capitalize()}:", probe(container[f"{name}Probe"]))
        _sources(w, container)
        _environment(w, container, pod)
        _mounts(w, container)


def resources(w: Writer, found: Object | None, level: int) -> None:
    """Limits and Requests."""
    for side in ("limits", "requests"):
        amounts = (found or {}).get(side)
        if amounts:
            w.line(level, f"{side.capitalize()}:")
            for name in sorted(amounts):
                w.line(level + 1, f"{name}:", canonical(amounts[name]))


def seccomp(w: Writer, context: Object | None, level: int, inner: int) -> None:
    """The seccomp profile of a security context."""
    profile = (context or {}).get("seccompProfile")
    if profile:
        w.line(level, "SeccompProfile:", profile["type"])
        if profile["type"] == "Localhost":
            w.line(inner, "LocalhostProfile:", profile.get("localhostProfile", ""))


def probe(found: Object) -> str:
    """A probe in one line: `http-get http://:80/ delay=0s timeout=1s …`."""
    counts = (
        f"delay={found.get('initialDelaySeconds', 0)}s timeout={found.get('timeoutSeconds', 0)}s "
        f"period={found.get('periodSeconds', 0)}s #success={found.get('successThreshold', 0)} "
        f"#failure={found.get('failureThreshold', 0)}"
    )
    if "exec" in found:
        return f"exec {common.go(found['exec'].get('command') or [])} {counts}"
    if "httpGet" in found:
        get = found["httpGet"]
        host = _joined_port(get.get("host", ""), get["port"])
        scheme, path = (get.get("scheme") or "").lower(), get.get("path") or ""
        slash = "" if path.startswith("/") or not path else "/"
        return f"http-get {scheme + ':' if scheme else ''}//{host}{slash}{path} {counts}"
    if "tcpSocket" in found:
        tcp = found["tcpSocket"]
        return f"tcp-socket {tcp.get('host', '')}:{tcp['port']} {counts}"
    if "grpc" in found:
        return f"grpc <pod>:{found['grpc']['port']} {found['grpc'].get('service') or ''} {counts}"
    return f"unknown {counts}"


def _joined_port(host: str, port: object) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _basics(w: Writer, container: Object, status: Object | None) -> None:
    if status:
        w.line(2, "Container ID:", status.get("containerID", ""))
    w.line(2, "Image:", container.get("image", ""))
    if status:
        w.line(2, "Image ID:", status.get("imageID", ""))
    for title, field in (("Port", "containerPort"), ("Host Port", "hostPort")):
        shown = ", ".join(_port(port, field) for port in container.get("ports") or ())
        plural = "s" if "," in shown else ""
        w.line(2, f"{title}{plural}:", shown or common.NONE)
    seccomp(w, container.get("securityContext"), 2, 3)


def _port(port: Object, field: str) -> str:
    return f"{port.get(field) or 0}/{port.get('protocol', 'TCP')}"


def _states(w: Writer, status: Object) -> None:
    _state(w, "State", status.get("state") or {})
    last = status.get("lastState") or {}
    if last.get("terminated"):
        _state(w, "Last State", last)
    w.line(2, "Ready:", str(bool(status.get("ready"))))
    w.line(2, "Restart Count:", status.get("restartCount", 0))


def _state(w: Writer, title: str, state: Object) -> None:
    kind = next((one for one in ("running", "waiting", "terminated") if one in state), "waiting")
    facts = state.get(kind) or {}
    w.line(2, f"{title}:", kind.capitalize())
    if kind != "running" and facts.get("reason"):
        w.line(3, "Reason:", facts["reason"])
    if kind == "running":
        w.line(3, "Started:", common.local(facts.get("startedAt")))
    if kind == "terminated":
        if facts.get("message"):
            w.line(3, "Message:", facts["message"])
        w.line(3, "Exit Code:", facts.get("exitCode", 0))
        if facts.get("signal"):
            w.line(3, "Signal:", facts["signal"])
        w.line(3, "Started:", common.local(facts.get("startedAt")))
        w.line(3, "Finished:", common.local(facts.get("finishedAt")))


def _sources(w: Writer, container: Object) -> None:
    found = container.get("envFrom") or ()
    if found:
        w.line(2, "Environment Variables from:")
    for source in found:
        kind = "ConfigMap" if "configMapRef" in source else "Secret"
        facts = source.get("configMapRef") or source.get("secretRef") or {}
        prefix = f" with prefix '{source['prefix']}'" if source.get("prefix") else ""
        optional = f"Optional: {common.go(bool(facts.get('optional')))}"
        w.line(3, facts.get("name", ""), f"{kind}{prefix}", optional)


def _environment(w: Writer, container: Object, pod: Object | None) -> None:
    variables = container.get("env") or ()
    w.line(2, "Environment:", *(() if variables else (common.NONE,)))
    for variable in variables:
        name, source = f"{variable['name']}:", variable.get("valueFrom")
        if source is None:
            for index, line in enumerate((variable.get("value") or "").split("\n")):
                w.line(3, name if index == 0 else "", line)
            continue
        for kind, words in (("secretKeyRef", "in secret"), ("configMapKeyRef", "of config map")):
            if kind in source:
                facts = source[kind]
                told = f"<set to the key '{facts['key']}' {words} '{facts.get('name', '')}'>"
                w.line(3, name, told, f"Optional: {common.go(bool(facts.get('optional')))}")
        if "fieldRef" in source:
            field, version = (
                source["fieldRef"]["fieldPath"],
                source["fieldRef"].get("apiVersion", ""),
            )
            w.line(3, name, f"{_field(pod, field)} ({version}:{field})")
        if "resourceFieldRef" in source:
            facts = source["resourceFieldRef"]
            w.line(3, name, f"{_amount(container, facts)} ({facts['resource']})")


def _field(pod: Object | None, path: str) -> str:
    """What a field of the pod is, where kubectl resolves it."""
    if pod is None:
        return ""
    metadata = pod["metadata"]
    if path in {"metadata.labels", "metadata.annotations"}:
        content = metadata.get(path.removeprefix("metadata.")) or {}
        return "\n".join(f'{key}="{value}"' for key, value in sorted(content.items()))
    if path in {"metadata.name", "metadata.namespace", "metadata.uid"}:
        return str(metadata.get(path.removeprefix("metadata."), ""))
    return ""


def _amount(container: Object, facts: Object) -> str:
    """The amount that a variable takes from the container's own resources, in its divisor."""
    side, _, name = facts["resource"].partition(".")
    text = ((container.get("resources") or {}).get(side) or {}).get(name)
    divisor = parse(facts.get("divisor") or "1").nano or parse("1").nano
    found = -(-parse(text).nano // divisor) if text is not None else 0
    if found == 0 and facts["resource"] in {"limits.cpu", "limits.memory"}:
        return "node allocatable"
    return str(found)


def _mounts(w: Writer, container: Object) -> None:
    mounts = sorted(container.get("volumeMounts") or (), key=lambda one: str(one["mountPath"]))
    w.line(2, "Mounts:", *(() if mounts else (common.NONE,)))
    for mount in mounts:
        flags = "ro" if mount.get("readOnly") else "rw"
        if mount.get("subPath"):
            flags += f',path="{mount["subPath"]}"'
        w.line(3, f"{mount['mountPath']} from {mount['name']} ({flags})")
    devices = sorted(container.get("volumeDevices") or (), key=lambda one: str(one["devicePath"]))
    if devices:
        w.line(2, "Devices:", *(() if mounts else (common.NONE,)))
    for device in devices:
        w.line(3, f"{device['devicePath']} from {device['name']}")
