"""Validation of a pod spec, in a pod or in a template."""

from __future__ import annotations

from minikube8s.api import names, quantity
from minikube8s.api.errors import Cause, duplicate, invalid_value, required
from minikube8s.api.strategy.checks import (
    containers,
    network,
    resources,
    scheduling,
    security,
    spreading,
    volumes,
)
from minikube8s.api.strategy.checks.common import Obj, named, needed_name, one_of, optional_one_of

RESTART_POLICIES = ("Always", "OnFailure", "Never")
_LONGEST_DEADLINE = 2**31 - 1

_NAMES = {
    "nodeName": names.dns1123_subdomain,
    "serviceAccountName": names.dns1123_subdomain,
    "hostname": names.dns1123_label,
    "subdomain": names.dns1123_label,
    "priorityClassName": names.dns1123_subdomain,
    "runtimeClassName": names.dns1123_subdomain,
}


def check(field: str, spec: Obj, *, in_pod: bool) -> list[Cause]:
    """Check the pod spec at the path `field`, of a pod or of a template."""
    causes = volumes.check(field, spec)
    causes += _claims(f"{field}.resourceClaims", spec.get("resourceClaims") or [])
    causes += containers.check_containers(field, spec, in_pod=in_pod)
    if spec.get("resources"):
        causes += resources.check(f"{field}.resources", spec["resources"])
    causes += one_of(f"{field}.restartPolicy", spec.get("restartPolicy"), RESTART_POLICIES)
    causes += security.check_pod(field, spec)
    causes += network.check(field, spec)
    causes += scheduling.check(field, spec)
    causes += spreading.check(field, spec)
    for name, rule in _NAMES.items():
        if spec.get(name):
            causes += named(f"{field}.{name}", spec[name], rule)
    deadline = spec.get("activeDeadlineSeconds")
    if deadline is not None and not 1 <= deadline <= _LONGEST_DEADLINE:
        why = f"must be between 1 and {_LONGEST_DEADLINE}, inclusive"
        causes.append(invalid_value(f"{field}.activeDeadlineSeconds", deadline, why))
    policies = ("PreemptLowerPriority", "Never")
    causes += optional_one_of(f"{field}.preemptionPolicy", spec.get("preemptionPolicy"), policies)
    for name, amount in (spec.get("overhead") or {}).items():
        if quantity.parse(amount).nano < 0:
            why = "must be greater than or equal to 0"
            causes.append(invalid_value(f"{field}.overhead[{name}]", amount, why))
    if spec.get("os") is not None:
        causes += one_of(f"{field}.os.name", spec["os"].get("name"), ("linux", "windows"))
    return causes


def check_node_name(field: str, name: str) -> list[Cause]:
    """Check the name of the node that a pod is bound to."""
    return named(f"{field}.nodeName", name, _NAMES["nodeName"]) if name else []


def _claims(field: str, claims: list[Obj]) -> list[Cause]:
    causes: list[Cause] = []
    taken: set[str] = set()
    for position, claim in enumerate(claims):
        at, name = f"{field}[{position}]", claim.get("name")
        causes += needed_name(f"{at}.name", name, names.dns1123_label)
        if name and name in taken:
            causes.append(duplicate(f"{at}.name", name))
        taken.add(name or "")
        sources = [
            source
            for source in ("resourceClaimName", "resourceClaimTemplateName")
            if claim.get(source)
        ]
        if len(sources) > 1:
            why = "at most one of `resourceClaimName` or `resourceClaimTemplateName` may be"
            causes.append(invalid_value(at, claim, f"{why} specified"))
        if not sources:
            why = "must specify one of: `resourceClaimName`, `resourceClaimTemplateName`"
            causes.append(required(at, why))
    return causes
