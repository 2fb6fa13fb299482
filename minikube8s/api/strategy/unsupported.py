"""The one list of fields that mk8s stores but does not act on.

A field leaves this list in the change that makes it work. Paths are relative to the object;
`[]` stands for every item of a list, `=value` for the one value that does not work, `!value` for
all values but one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, NamedTuple

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


class _Place(NamedTuple):
    """A field on the way to one of the list, or one of the list itself (`values` is not None).

    `values` tells whether a value is one that does not work.
    """

    listed: bool
    values: Callable[[Any], bool] | None
    below: dict[str, _Place]


def unsupported(resource: Resource, obj: dict[str, Any]) -> list[str]:
    """Return a sentence for each field of the list that the object sets."""
    places = _places((resource.group, resource.kind))
    return [
        f"{found}: mk8s stores this but does not act on it yet" for found in _found(obj, places)
    ]


@cache
def _places(kind: tuple[str, str]) -> dict[str, _Place]:
    """Return a kind's paths as a tree, so that a look at an object follows what it has."""
    root: dict[str, _Place] = {}
    for entry in _KINDS.get(kind, ()):
        path, values = _parse(entry)
        *way, last = path.split(".")
        below = root
        for name in way:
            plain = name.removesuffix("[]")
            below = below.setdefault(plain, _Place(name != plain, None, {})).below
        below[last] = _Place(False, values, {})
    return root


def _parse(entry: str) -> tuple[str, Callable[[Any], bool]]:
    """Split an entry of the list into its path and the values that it means."""
    path, _, only = entry.partition("=")
    if only:
        return path, lambda value: _text(value) == only
    path, _, working = entry.partition("!")
    return path, lambda value: value not in (False, "", 0, [], {}, working)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _found(obj: dict[str, Any], places: dict[str, _Place], at: str = "") -> Iterator[str]:
    for name, place in places.items():
        value = obj.get(name)
        if value is None:
            continue
        here = f"{at}{name}"
        if place.values is not None:
            if place.values(value):
                yield here if isinstance(value, dict | list) else f"{here}: {_text(value)}"
        elif place.listed:
            for position, item in enumerate(value):
                yield from _found(item, place.below, f"{here}[{position}].")
        else:
            yield from _found(value, place.below, f"{here}.")
