"""The one list of fields that mk8s stores but does not act on.

A field leaves this list in the change that makes it work. Paths are relative to the object;
`[]` stands for every item of a list, `=value` for the one value that does not work, `!value` for
all values but one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from minikube8s.api.resources import Resource

_CONTAINER = (
    "lifecycle",
    "livenessProbe",
    "ports[].hostPort",
    "readinessProbe",
    "resizePolicy",
    "securityContext.appArmorProfile",
    "securityContext.procMount",
    "securityContext.seLinuxOptions",
    "securityContext.seccompProfile",
    "startupProbe",
    "terminationMessagePath!/dev/termination-log",
    "terminationMessagePolicy=FallbackToLogsOnError",
    "volumeDevices",
    "volumeMounts",
)
_POD = (
    *(f"initContainers[].{path}" for path in _CONTAINER),
    *(f"containers[].{path}" for path in _CONTAINER),
    "ephemeralContainers",
    "volumes",
    "activeDeadlineSeconds",
    "affinity.podAffinity",
    "affinity.podAntiAffinity",
    "hostUsers=false",
    "imagePullSecrets",
    "preemptionPolicy!PreemptLowerPriority",
    "priority",
    "priorityClassName",
    "resourceClaims",
    "resources",
    "runtimeClassName",
    "securityContext.appArmorProfile",
    "securityContext.fsGroupChangePolicy",
    "securityContext.seLinuxOptions",
    "securityContext.seccompProfile",
    "securityContext.sysctls",
    "serviceAccountName!default",
    "setHostnameAsFQDN",
    "topologySpreadConstraints",
)

_KINDS: dict[tuple[str, str], tuple[str, ...]] = {
    ("", "Pod"): tuple(f"spec.{path}" for path in _POD),
    ("apps", "Deployment"): tuple(f"spec.template.spec.{path}" for path in _POD),
    ("apps", "ReplicaSet"): tuple(f"spec.template.spec.{path}" for path in _POD),
    ("", "Service"): (
        "spec.loadBalancerClass",
        "spec.loadBalancerIP",
        "spec.loadBalancerSourceRanges",
        "spec.trafficDistribution",
        "spec.type=LoadBalancer",
    ),
}


def unsupported(resource: Resource, obj: dict[str, Any]) -> list[str]:
    """Return a sentence for each field of the list that the object sets."""
    return [
        f"{found}: mk8s stores this but does not act on it yet"
        for path in _KINDS.get((resource.group, resource.kind), ())
        for found in _found(obj, path)
    ]


def _found(obj: Any, path: str) -> Iterator[str]:
    path, _, only = path.partition("=")
    path, _, working = path.partition("!")
    for at, value in _values(obj, path.split("."), ""):
        text = str(value).lower() if isinstance(value, bool) else value
        if only:
            if text == only:
                yield f"{at}: {only}"
        elif text not in ("false", "", 0, [], {}, working):
            yield at


def _values(obj: Any, names: list[str], at: str) -> Iterator[tuple[str, Any]]:
    """Yield the path and value of every place that the names lead to."""
    if not names:
        yield at, obj
        return
    name, rest = names[0], names[1:]
    listed = name.endswith("[]")
    name = name.removesuffix("[]")
    value = obj.get(name) if isinstance(obj, dict) else None
    here = f"{at}.{name}" if at else name
    if not listed:
        if value is not None:
            yield from _values(value, rest, here)
        return
    for position, item in enumerate(value or ()):
        yield from _values(item, rest, f"{here}[{position}]")
