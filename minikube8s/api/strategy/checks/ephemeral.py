"""Validation of ephemeral containers, which join a pod that runs already."""

from __future__ import annotations

from collections.abc import Callable

from minikube8s.api.errors import Cause, duplicate, forbidden_field, not_found_value
from minikube8s.api.strategy.checks.common import Obj

_UNFIT = (
    "lifecycle",
    "livenessProbe",
    "ports",
    "readinessProbe",
    "resizePolicy",
    "resources",
    "restartPolicy",
    "restartPolicyRules",
    "startupProbe",
)
_WHY = "cannot be set for an Ephemeral Container"


def check(field: str, spec: Obj, container: Callable[[str, Obj], list[Cause]]) -> list[Cause]:
    """Check `ephemeralContainers`; `container` checks what all containers have in common."""
    found = spec.get("ephemeralContainers")
    if not found:
        return []
    others = {
        one.get("name")
        for section in ("containers", "initContainers")
        for one in spec.get(section) or ()
    }
    taken = set(others)
    causes: list[Cause] = []
    for position, one in enumerate(found):
        at, name = f"{field}.ephemeralContainers[{position}]", one.get("name")
        causes += container(at, one)
        if name in taken:
            causes.append(duplicate(f"{at}.name", name))
        taken.add(name)
        target = one.get("targetContainerName")
        if target and target not in others:
            causes.append(not_found_value(f"{at}.targetContainerName", target))
        causes += [forbidden_field(f"{at}.{unfit}", _WHY) for unfit in _UNFIT if one.get(unfit)]
        for place, mount in enumerate(one.get("volumeMounts") or ()):
            causes += [
                forbidden_field(f"{at}.volumeMounts[{place}].{path}", _WHY)
                for path in ("subPath", "subPathExpr")
                if mount.get(path)
            ]
    return causes
