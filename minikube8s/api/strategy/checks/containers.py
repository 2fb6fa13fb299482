"""Validation of containers."""

from __future__ import annotations

from collections.abc import Iterable

from minikube8s.api import names
from minikube8s.api.errors import (
    Cause,
    duplicate,
    forbidden_field,
    invalid_value,
    not_found_value,
    required,
)
from minikube8s.api.strategy.checks import environment, probes, resources
from minikube8s.api.strategy.checks.common import (
    PROTOCOLS,
    Obj,
    address,
    named,
    needed_name,
    one_of,
    optional_one_of,
    port,
)

PULL_POLICIES = ("Always", "IfNotPresent", "Never")
MESSAGE_POLICIES = ("FallbackToLogsOnError", "File")
PROPAGATIONS = ("Bidirectional", "HostToContainer", "None")


def check_containers(field: str, spec: Obj, volumes: frozenset[str]) -> list[Cause]:
    """Check `containers` and `initContainers` of a pod spec that has the given volumes."""
    containers = spec.get("containers") or []
    causes = [] if containers else [required(f"{field}.containers")]
    taken: set[str] = set()
    for section in ("initContainers", "containers"):
        for position, container in enumerate(spec.get(section) or ()):
            at = f"{field}.{section}[{position}]"
            causes += _container(at, container, volumes)
            name = container.get("name")
            if name and name in taken:
                causes.append(duplicate(f"{at}.name", name))
            taken.add(name)
            if section == "initContainers":
                causes += _init_container(at, container)
            elif container.get("restartPolicy"):
                causes.append(
                    forbidden_field(f"{at}.restartPolicy", "may not be set for non-init containers")
                )
    causes += _host_ports(field, containers)
    if spec.get("hostNetwork"):
        causes += _host_network(field, containers)
    return causes


def check_image(field: str, image: str | None) -> list[Cause]:
    """Check an image's name as far as Kubernetes does."""
    if not image:
        return [required(field)]
    if image != image.strip():
        return [invalid_value(field, image, "must not have leading or trailing whitespace")]
    return []


def _container(at: str, container: Obj, volumes: frozenset[str]) -> list[Cause]:
    causes = needed_name(f"{at}.name", container.get("name"), names.dns1123_label)
    causes += check_image(f"{at}.image", container.get("image"))
    causes += one_of(f"{at}.imagePullPolicy", container.get("imagePullPolicy"), PULL_POLICIES)
    causes += one_of(
        f"{at}.terminationMessagePolicy",
        container.get("terminationMessagePolicy"),
        MESSAGE_POLICIES,
    )
    causes += _ports(f"{at}.ports", container.get("ports") or ())
    causes += environment.check(at, container)
    causes += _mounts(f"{at}.volumeMounts", container.get("volumeMounts") or (), volumes)
    causes += resources.check(f"{at}.resources", container.get("resources") or {})
    causes += probes.check_container(at, container)
    return causes


def _init_container(at: str, container: Obj) -> list[Cause]:
    causes = optional_one_of(f"{at}.restartPolicy", container.get("restartPolicy"), ("Always",))
    if container.get("restartPolicy") == "Always":
        return causes
    for name in ("lifecycle", "livenessProbe", "readinessProbe", "startupProbe"):
        if container.get(name):
            why = "may not be set for init containers without restartPolicy=Always"
            causes.append(forbidden_field(f"{at}.{name}", why))
    return causes


def _ports(field: str, ports: Iterable[Obj]) -> list[Cause]:
    causes: list[Cause] = []
    taken: set[str] = set()
    for position, one in enumerate(ports):
        at = f"{field}[{position}]"
        name = one.get("name")
        if name:
            causes += named(f"{at}.name", name, names.port_name)
            if name in taken:
                causes.append(duplicate(f"{at}.name", name))
            taken.add(name)
        if not one.get("containerPort"):
            causes.append(required(f"{at}.containerPort"))
        else:
            causes += port(f"{at}.containerPort", one["containerPort"])
        if one.get("hostPort"):
            causes += port(f"{at}.hostPort", one["hostPort"])
        causes += one_of(f"{at}.protocol", one.get("protocol"), PROTOCOLS)
        if one.get("hostIP"):
            causes += address(f"{at}.hostIP", one["hostIP"])
    return causes


def _host_ports(field: str, containers: Iterable[Obj]) -> list[Cause]:
    causes: list[Cause] = []
    taken: set[str] = set()
    for index, container in enumerate(containers):
        for position, one in enumerate(container.get("ports") or ()):
            if not one.get("hostPort"):
                continue
            key = f"{one.get('protocol')}/{one.get('hostIP') or ''}/{one['hostPort']}"
            if key in taken:
                at = f"{field}.containers[{index}].ports[{position}].hostPort"
                causes.append(duplicate(at, key))
            taken.add(key)
    return causes


def _host_network(field: str, containers: Iterable[Obj]) -> list[Cause]:
    return [
        invalid_value(
            f"{field}.containers[{index}].ports[{position}].containerPort",
            one.get("containerPort"),
            "must match `hostPort` when `hostNetwork` is true",
        )
        for index, container in enumerate(containers)
        for position, one in enumerate(container.get("ports") or ())
        if one.get("hostPort") != one.get("containerPort")
    ]


def _mounts(field: str, mounts: Iterable[Obj], volumes: frozenset[str]) -> list[Cause]:
    causes: list[Cause] = []
    taken: set[str] = set()
    for position, mount in enumerate(mounts):
        at = f"{field}[{position}]"
        name, path = mount.get("name"), mount.get("mountPath")
        if not name:
            causes.append(required(f"{at}.name"))
        elif name not in volumes:
            causes.append(not_found_value(f"{at}.name", name))
        if not path:
            causes.append(required(f"{at}.mountPath"))
        elif path in taken:
            causes.append(invalid_value(f"{at}.mountPath", path, "must be unique"))
        taken.add(path or "")
        causes += _sub_paths(at, mount)
        causes += optional_one_of(
            f"{at}.mountPropagation", mount.get("mountPropagation"), PROPAGATIONS
        )
    return causes


def _sub_paths(at: str, mount: Obj) -> list[Cause]:
    causes: list[Cause] = []
    for name in ("subPath", "subPathExpr"):
        path = mount.get(name)
        if path:
            if path.startswith("/"):
                causes.append(invalid_value(f"{at}.{name}", path, "must be a relative path"))
            if ".." in path.split("/"):
                causes.append(invalid_value(f"{at}.{name}", path, "must not contain '..'"))
    if mount.get("subPath") and mount.get("subPathExpr"):
        why = "subPathExpr and subPath are mutually exclusive"
        causes.append(invalid_value(f"{at}.subPathExpr", mount["subPathExpr"], why))
    return causes
