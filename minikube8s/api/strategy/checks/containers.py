"""Validation of containers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from minikube8s.api import names
from minikube8s.api.errors import Cause, duplicate, forbidden_field, invalid_value, required
from minikube8s.api.strategy.checks import (
    environment,
    ephemeral,
    mounts,
    probes,
    resources,
    security,
    volumes,
)
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
MESSAGE_POLICIES = ("File", "FallbackToLogsOnError")
RESTART_POLICIES = ("Always", "OnFailure", "Never")
_RESIZED = ("cpu", "memory")
_ON_RESIZE = ("NotRequired", "RestartContainer")


class _Pod(NamedTuple):
    """What the check of a container asks of its pod."""

    volumes: frozenset[str]
    claims: frozenset[str]
    grace: int | None
    restart_policy: str
    host_users: bool


def check_containers(field: str, spec: Obj, *, in_pod: bool) -> list[Cause]:
    """Check the containers of all sorts of a pod spec, of a pod or of a template."""
    pod = _Pod(
        volumes.names_of(spec),
        frozenset(claim.get("name") or "" for claim in spec.get("resourceClaims") or ()),
        spec.get("terminationGracePeriodSeconds"),
        spec.get("restartPolicy") or "",
        spec.get("hostUsers") is not False,
    )
    containers = spec.get("containers") or []
    causes = [] if containers else [required(f"{field}.containers")]
    for at, container in _each(field, spec):
        causes += _container(at, container, pod)
        if in_pod:
            causes += _image(f"{at}.image", container.get("image") or "")
    causes += _names(field, spec)
    for position, container in enumerate(containers):
        causes += probes.check_container(f"{field}.containers[{position}]", container, pod.grace)
    for position, container in enumerate(spec.get("initContainers") or ()):
        causes += _init_container(f"{field}.initContainers[{position}]", container, pod.grace)
    causes += ephemeral.check(field, spec, lambda at, one: _container(at, one, pod))
    causes += _host_ports(f"{field}.containers", containers)
    if spec.get("hostNetwork"):
        causes += _host_network(field, containers, in_pod=in_pod)
    return causes


def _each(field: str, spec: Obj) -> Iterator[tuple[str, Obj]]:
    for section in ("containers", "initContainers"):
        for position, container in enumerate(spec.get(section) or ()):
            yield f"{field}.{section}[{position}]", container


def _names(field: str, spec: Obj) -> list[Cause]:
    causes: list[Cause] = []
    taken: set[str] = set()
    for at, container in _each(field, spec):
        name = container.get("name")
        if name and name in taken:
            causes.append(duplicate(f"{at}.name", name))
        taken.add(name or "")
    return causes


def _image(field: str, image: str) -> list[Cause]:
    """Check what only pods are held to: a template's image may be made up later."""
    if image == image.strip():
        return []
    return [invalid_value(field, image, "must not have leading or trailing whitespace")]


def _container(at: str, container: Obj, pod: _Pod) -> list[Cause]:
    causes = needed_name(f"{at}.name", container.get("name"), names.dns1123_label)
    if not container.get("image"):
        causes.append(required(f"{at}.image"))
    causes += one_of(
        f"{at}.terminationMessagePolicy",
        container.get("terminationMessagePolicy"),
        MESSAGE_POLICIES,
    )
    causes += _ports(f"{at}.ports", container.get("ports") or ())
    causes += environment.check(at, container)
    causes += mounts.check(at, container, pod.volumes)
    causes += one_of(f"{at}.imagePullPolicy", container.get("imagePullPolicy"), PULL_POLICIES)
    requirements = container.get("resources") or {}
    causes += resources.check(f"{at}.resources", requirements)
    causes += resources.check_claims(f"{at}.resources", requirements, pod.claims)
    causes += _resizes(f"{at}.resizePolicy", container.get("resizePolicy") or (), pod)
    causes += _restarts(at, container)
    return causes + security.check_container(at, container, host_users=pod.host_users)


def _restarts(at: str, container: Obj) -> list[Cause]:
    policy = container.get("restartPolicy")
    if container.get("restartPolicyRules") and not policy:
        why = "must specify restartPolicy when restart rules are used"
        return [required(f"{at}.restartPolicy", why)]
    return optional_one_of(f"{at}.restartPolicy", policy, RESTART_POLICIES)


def _resizes(field: str, policies: Iterable[Obj], pod: _Pod) -> list[Cause]:
    causes: list[Cause] = []
    taken: set[str] = set()
    for position, policy in enumerate(policies):
        name, restart = policy.get("resourceName"), policy.get("restartPolicy")
        if name in taken:
            causes.append(duplicate(f"{field}[{position}]", name))
        taken.add(name or "")
        causes += one_of(field, name, _RESIZED) + one_of(field, restart, _ON_RESIZE)
        if pod.restart_policy == "Never" and restart != "NotRequired":
            why = "must be 'NotRequired' when `restartPolicy` is 'Never'"
            causes.append(invalid_value(field, restart or "", why))
    return causes


def _init_container(at: str, container: Obj, grace: int | None) -> list[Cause]:
    causes = _host_ports(at.rpartition("[")[0], [container])
    if container.get("restartPolicy") == "Always":
        return causes + probes.check_container(at, container, grace)
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
                causes.append(duplicate(f"{field}[{index}].ports[{position}].hostPort", key))
            taken.add(key)
    return causes


def _host_network(field: str, containers: Iterable[Obj], *, in_pod: bool) -> list[Cause]:
    """Check that ports are the host's own; a template's pods get what it leaves out."""
    return [
        invalid_value(
            f"{field}.containers[{index}].ports[{position}].hostPort",
            one.get("hostPort", 0),
            "must match `containerPort` when `hostNetwork` is true",
        )
        for index, container in enumerate(containers)
        for position, one in enumerate(container.get("ports") or ())
        if (in_pod or one.get("hostPort")) and one.get("hostPort", 0) != one.get("containerPort")
    ]
