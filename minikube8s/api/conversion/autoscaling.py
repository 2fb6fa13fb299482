"""HorizontalPodAutoscalers as autoscaling/v1 has them: one number for the CPU, no other metric.

What v1 has no field for travels in annotations under Kubernetes' own names, in v2's form; an
annotation that was changed or taken away by a client of v1 counts as its wish.
"""

from __future__ import annotations

from typing import Any

import msgspec

Obj = dict[str, Any]

_PREFIX = "autoscaling.alpha.kubernetes.io/"
_METRICS, _CURRENT = f"{_PREFIX}metrics", f"{_PREFIX}current-metrics"
_BEHAVIOR, _CONDITIONS = f"{_PREFIX}behavior", f"{_PREFIX}conditions"
_OURS = (_METRICS, _CURRENT, _BEHAVIOR, _CONDITIONS)


def from_storage(obj: Obj) -> Obj:
    """Return a v2 autoscaler as one of v1."""
    spec, status = dict(obj.get("spec") or {}), dict(obj.get("status") or {})
    notes = {
        _METRICS: _take_cpu(spec, "metrics", "target", "targetCPUUtilizationPercentage"),
        _CURRENT: _take_cpu(status, "currentMetrics", "current", "currentCPUUtilizationPercentage"),
        _BEHAVIOR: spec.pop("behavior", None),
        _CONDITIONS: status.pop("conditions", None),
    }
    kept = {name: _text(value) for name, value in notes.items() if value}
    new = {**obj, "spec": spec, "metadata": _annotated(obj, kept)}
    if "status" in obj:
        new["status"] = {"currentReplicas": 0, "desiredReplicas": 0, **status}
    return new


def to_storage(obj: Obj) -> Obj:
    """Return a v1 autoscaler as one of v2. Notes that cannot be read are dropped."""
    annotations = (obj.get("metadata") or {}).get("annotations") or {}
    notes = {name: _value(annotations[name]) for name in _OURS if name in annotations}
    spec, status = dict(obj.get("spec") or {}), dict(obj.get("status") or {})
    _put_cpu(spec, "metrics", "target", "targetCPUUtilizationPercentage", notes.get(_METRICS))
    _put_cpu(
        status, "currentMetrics", "current", "currentCPUUtilizationPercentage", notes.get(_CURRENT)
    )
    if isinstance(notes.get(_BEHAVIOR), dict):
        spec["behavior"] = notes[_BEHAVIOR]
    if isinstance(notes.get(_CONDITIONS), list):
        status["conditions"] = notes[_CONDITIONS]
    new = {**obj, "spec": spec, "metadata": _annotated(obj, {})}
    if "status" in obj:
        new["status"] = status
    return new


def _take_cpu(section: Obj, name: str, part: str, number: str) -> list[Obj]:
    """Move the first share of CPU among the metrics into its own field; return the others."""
    rest: list[Obj] = []
    for metric in section.pop(name, None) or ():
        amount = (metric.get("resource") or {}).get(part) or {}
        share = amount.get("averageUtilization")
        cpu = metric.get("type") == "Resource" and metric["resource"].get("name") == "cpu"
        # Where there is more to tell than a share, v1 has no field for it.
        plain = amount.keys() <= {"averageUtilization", "type"}
        plain = plain and amount.get("type", "Utilization") == "Utilization"
        if cpu and share is not None and number not in section and plain:
            section[number] = share
        else:
            rest.append(metric)
    return rest


def _put_cpu(section: Obj, name: str, part: str, number: str, others: Any) -> None:
    metrics: list[Obj] = list(others) if isinstance(others, list) else []
    share = section.pop(number, None)
    if share is not None:
        amount: Obj = {"averageUtilization": share}
        if part == "target":
            amount["type"] = "Utilization"
        cpu = {"type": "Resource", "resource": {"name": "cpu", part: amount}}
        metrics = [cpu, *metrics]
    if metrics:
        section[name] = metrics


def _annotated(obj: Obj, notes: dict[str, str]) -> Obj:
    metadata = dict(obj.get("metadata") or {})
    annotations = metadata.pop("annotations", None) or {}
    plain = {name: value for name, value in annotations.items() if name not in _OURS}
    if plain or notes:
        metadata["annotations"] = {**plain, **notes}
    return metadata


def _text(value: Any) -> str:
    return msgspec.json.encode(value, order="sorted").decode()


def _value(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return None
