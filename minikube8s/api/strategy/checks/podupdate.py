"""What may change in a pod: images, a shorter deadline, more tolerations, fewer gates."""

from __future__ import annotations

import copy
from typing import Any

from minikube8s.api.errors import Cause, forbidden_field, invalid_value
from minikube8s.api.strategy.checks.common import Obj

_ONLY = (
    "pod updates may not change fields other than `spec.containers[*].image`,"
    "`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only"
    " additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set"
    " to 1 if it was previously negative)"
)
_TERMS = "requiredDuringSchedulingIgnoredDuringExecution"


def check(new: Obj, old: Obj) -> list[Cause]:
    """Check the change of a pod's spec from `old` to `new`."""
    for section in ("containers", "initContainers"):
        if len(new.get(section) or ()) != len(old.get(section) or ()):
            why = "pod updates may not add or remove containers"
            return [forbidden_field(f"spec.{section}", why)]
    causes = _deadline(new, old)
    causes += _tolerations(new.get("tolerations") or [], old.get("tolerations") or [])
    causes += _gates(_names(new), _names(old))
    fixed = _fixed(new, old)
    if old.get("schedulingGates"):
        causes += _selector(new.get("nodeSelector") or {}, old.get("nodeSelector") or {})
        causes += _affinity(_node_affinity(new), _node_affinity(old))
        _keep(fixed, old, "nodeSelector")
        _keep_node_affinity(fixed, old)
    if fixed != old:
        causes.append(forbidden_field("spec", f"{_ONLY}\n{_differences(fixed, old)}"))
    return causes


def _deadline(new: Obj, old: Obj) -> list[Cause]:
    field, before = "spec.activeDeadlineSeconds", old.get("activeDeadlineSeconds")
    after = new.get("activeDeadlineSeconds")
    if before is None or after == before:
        return []
    if after is None:
        why = "must not update from a positive integer to nil value"
        return [invalid_value(field, after, why)]
    if after > before:
        return [invalid_value(field, after, "must be less than or equal to previous value")]
    return []


def _tolerations(new: list[Obj], old: list[Obj]) -> list[Cause]:
    kept = [_without_seconds(toleration) for toleration in new]
    if all(_without_seconds(toleration) in kept for toleration in old):
        return []
    why = "existing toleration can not be modified except its tolerationSeconds"
    return [forbidden_field("spec.tolerations", why)]


def _without_seconds(toleration: Obj) -> Obj:
    return {name: value for name, value in toleration.items() if name != "tolerationSeconds"}


def _names(spec: Obj) -> list[str]:
    return [gate.get("name", "") for gate in spec.get("schedulingGates") or ()]


def _gates(new: list[str], old: list[str]) -> list[Cause]:
    why = "only deletion is allowed, but found new scheduling gate"
    return [
        forbidden_field(f"spec.schedulingGates[{position}].name", f"{why} '{name}'")
        for position, name in enumerate(new)
        if name not in old
    ]


def _selector(new: dict[str, str], old: dict[str, str]) -> list[Cause]:
    if new.items() >= old.items():
        return []
    why = "only additions to spec.nodeSelector are allowed (no mutations or deletions)"
    return [invalid_value("spec.nodeSelector", new, why)]


def _node_affinity(spec: Obj) -> Obj | None:
    return (spec.get("affinity") or {}).get("nodeAffinity")


def _affinity(new: Obj | None, old: Obj | None) -> list[Cause]:
    """Check that a gated pod's affinity only gets narrower."""
    before = _terms(old)
    if not before:
        return []
    after, field = _terms(new), f"spec.affinity.nodeAffinity.{_TERMS}.nodeSelectorTerms"
    if len(after) != len(before):
        why = "no additions/deletions to non-empty NodeSelectorTerms list are allowed"
        return [invalid_value(field, after, why)]
    why = "only additions are allowed (no mutations or deletions)"
    return [
        invalid_value(f"{field}[{position}]", term, why)
        for position, (term, kept) in enumerate(zip(after, before, strict=True))
        if not _narrows(term, kept)
    ]


def _terms(affinity: Obj | None) -> list[Obj]:
    return ((affinity or {}).get(_TERMS) or {}).get("nodeSelectorTerms") or []


def _narrows(new: Obj, old: Obj) -> bool:
    return all(
        expression in (new.get(name) or ())
        for name in ("matchExpressions", "matchFields")
        for expression in old.get(name) or ()
    )


def _fixed(new: Obj, old: Obj) -> Obj:
    """Return the new spec with the old values of everything that may change."""
    fixed = copy.deepcopy(new)
    for section in ("containers", "initContainers"):
        pairs = zip(fixed.get(section) or (), old.get(section) or (), strict=True)
        for container, before in pairs:
            _keep(container, before, "image")
    for name in ("activeDeadlineSeconds", "schedulingGates", "tolerations"):
        _keep(fixed, old, name)
    if old.get("terminationGracePeriodSeconds", 0) < 0 and (
        new.get("terminationGracePeriodSeconds") == 1
    ):
        _keep(fixed, old, "terminationGracePeriodSeconds")
    return fixed


def _keep(new: Obj, old: Obj, name: str) -> None:
    if name in old:
        new[name] = old[name]
    else:
        new.pop(name, None)


def _keep_node_affinity(new: Obj, old: Obj) -> None:
    affinity = dict(new.get("affinity") or {})
    _keep(affinity, old.get("affinity") or {}, "nodeAffinity")
    if affinity or "affinity" in old:
        new["affinity"] = affinity
    else:
        new.pop("affinity", None)


def _differences(new: Any, old: Any, path: str = "spec") -> str:
    """Name the fields that differ, one a line, as `path: old -> new`."""
    if isinstance(new, dict) and isinstance(old, dict):
        lines = [
            _differences(new.get(name), old.get(name), f"{path}.{name}")
            for name in sorted({*new, *old})
            if new.get(name) != old.get(name)
        ]
    elif isinstance(new, list) and isinstance(old, list) and len(new) == len(old):
        lines = [
            _differences(after, before, f"{path}[{position}]")
            for position, (after, before) in enumerate(zip(new, old, strict=True))
            if after != before
        ]
    else:
        lines = [f"  {path}: {_short(old)} -> {_short(new)}"]
    return "\n".join(lines)


def _short(value: Any) -> str:
    text = "(unset)" if value is None else str(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
