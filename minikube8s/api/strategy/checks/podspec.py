"""Validation of a pod spec, in a pod or in a template."""

from __future__ import annotations

from minikube8s.api import names
from minikube8s.api.errors import Cause, invalid_value, required
from minikube8s.api.strategy.checks import containers, scheduling, volumes
from minikube8s.api.strategy.checks.common import (
    Obj,
    address,
    label_selector,
    named,
    not_negative,
    one_of,
)

RESTART_POLICIES = ("Always", "Never", "OnFailure")
DNS_POLICIES = ("ClusterFirst", "ClusterFirstWithHostNet", "Default", "None")
_UNSATISFIABLE = ("DoNotSchedule", "ScheduleAnyway")
_LONGEST_DEADLINE = 2**31 - 1

_NAMES = {
    "nodeName": names.dns1123_subdomain,
    "serviceAccountName": names.dns1123_subdomain,
    "hostname": names.dns1123_label,
    "subdomain": names.dns1123_label,
    "priorityClassName": names.dns1123_subdomain,
    "runtimeClassName": names.dns1123_subdomain,
}


def check(field: str, spec: Obj) -> list[Cause]:
    """Check the pod spec at the path `field`."""
    causes = volumes.check(field, spec)
    causes += containers.check_containers(field, spec, volumes.names_of(spec))
    causes += one_of(f"{field}.restartPolicy", spec.get("restartPolicy"), RESTART_POLICIES)
    causes += one_of(f"{field}.dnsPolicy", spec.get("dnsPolicy"), DNS_POLICIES)
    causes += scheduling.check(field, spec)
    for name, rule in _NAMES.items():
        if spec.get(name):
            causes += named(f"{field}.{name}", spec[name], rule)
    causes += not_negative(
        f"{field}.terminationGracePeriodSeconds", spec.get("terminationGracePeriodSeconds")
    )
    deadline = spec.get("activeDeadlineSeconds")
    if deadline is not None and not 1 <= deadline <= _LONGEST_DEADLINE:
        why = f"must be between 1 and {_LONGEST_DEADLINE}, inclusive"
        causes.append(invalid_value(f"{field}.activeDeadlineSeconds", deadline, why))
    for position, secret in enumerate(spec.get("imagePullSecrets") or ()):
        if not secret.get("name"):
            causes.append(required(f"{field}.imagePullSecrets[{position}].name"))
    for position, alias in enumerate(spec.get("hostAliases") or ()):
        causes += address(f"{field}.hostAliases[{position}].ip", alias.get("ip") or "")
    causes += _dns_config(field, spec)
    for position, constraint in enumerate(spec.get("topologySpreadConstraints") or ()):
        causes += _spread(f"{field}.topologySpreadConstraints[{position}]", constraint)
    return causes


def _dns_config(field: str, spec: Obj) -> list[Cause]:
    config = spec.get("dnsConfig") or {}
    servers = config.get("nameservers") or []
    at = f"{field}.dnsConfig.nameservers"
    if spec.get("dnsPolicy") == "None" and not servers:
        why = "must provide at least one DNS nameserver when `dnsPolicy` is None"
        return [required(at, why)]
    return [
        cause
        for position, server in enumerate(servers)
        for cause in address(f"{at}[{position}]", server)
    ]


def _spread(field: str, constraint: Obj) -> list[Cause]:
    causes: list[Cause] = []
    skew = constraint.get("maxSkew", 0)
    if skew <= 0:
        causes.append(invalid_value(f"{field}.maxSkew", skew, "must be greater than zero"))
    if not constraint.get("topologyKey"):
        causes.append(required(f"{field}.topologyKey", "can not be empty"))
    causes += one_of(
        f"{field}.whenUnsatisfiable", constraint.get("whenUnsatisfiable"), _UNSATISFIABLE
    )
    return causes + label_selector(f"{field}.labelSelector", constraint.get("labelSelector"))
