"""The parts of a pod with an endpoint of their own: ephemeralcontainers and resize."""

from __future__ import annotations

import copy

from minikube8s.api.errors import Cause, forbidden_field, invalid_value
from minikube8s.api.strategy.checks.common import Obj

PARTS = frozenset({"ephemeralcontainers", "resize"})
_EPHEMERAL = "ephemeralContainers"
_MUTABLE = ("cpu", "memory")
_METADATA = ("annotations", "finalizers", "labels", "ownerReferences")


def prepare(new: Obj, old: Obj, part: str) -> None:
    """Undo in `new` what the endpoint of the part may not write. In place."""
    spec = copy.deepcopy(old["spec"])
    if part == "resize":
        _take_resources(spec, new["spec"])
    elif new["spec"].get(_EPHEMERAL):
        spec[_EPHEMERAL] = new["spec"][_EPHEMERAL]
    else:
        spec.pop(_EPHEMERAL, None)
    for section in {*new, *old} - {"metadata"}:
        _keep(new, old, section)
    for name in _METADATA:
        _keep(new["metadata"], old["metadata"], name)
    new["spec"] = spec


def check(new: Obj, old: Obj, part: str, quality: tuple[str, str]) -> list[Cause]:
    """Check what the endpoint changes; `quality`: the class of service after and before."""
    if part == "resize":
        return _check_resize(new["spec"], old["spec"], quality)
    after = {one["name"]: one for one in new["spec"].get(_EPHEMERAL) or ()}
    causes = []
    for one in old["spec"].get(_EPHEMERAL) or ():
        if after.get(one["name"]) != one:
            what = "changed" if one["name"] in after else "removed"
            why = f'existing ephemeral containers "{one["name"]}" may not be {what}'
            causes.append(forbidden_field(f"spec.{_EPHEMERAL}", why))
    return causes


def _take_resources(spec: Obj, wanted: Obj) -> None:
    """Give the containers in `spec` the resources that those of the same name in `wanted` have."""
    for section in ("containers", "initContainers"):
        named = {one.get("name"): one for one in wanted.get(section) or ()}
        for one in spec.get(section) or ():
            if one["name"] in named:
                _keep(one, named[one["name"]], "resources")


def _check_resize(new: Obj, old: Obj, quality: tuple[str, str]) -> list[Cause]:
    causes = []
    for section in ("containers", "initContainers"):
        pairs = zip(new.get(section) or (), old.get(section) or (), strict=True)
        if any(_fixed(after) != _fixed(before) for after, before in pairs):
            causes.append(forbidden_field("spec", "only cpu and memory resources are mutable"))
    after, before = quality
    if after != before:
        why = "Pod QOS Class may not change as a result of resizing"
        causes.append(invalid_value("spec", after, why))
    return causes


def _fixed(container: Obj) -> Obj:
    resources = container.get("resources") or {}
    return {
        kind: rest
        for kind, amounts in resources.items()
        if (rest := _without_mutable(amounts) if isinstance(amounts, dict) else amounts)
    }


def _without_mutable(amounts: Obj) -> Obj:
    return {name: amount for name, amount in amounts.items() if name not in _MUTABLE}


def _keep(new: Obj, old: Obj, name: str) -> None:
    if name in old:
        new[name] = old[name]
    else:
        new.pop(name, None)
