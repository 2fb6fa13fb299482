"""How HorizontalPodAutoscalers and PodDisruptionBudgets are described."""

from __future__ import annotations

from typing import Any

from minikube8s.api.quantity import canonical
from minikube8s.cli.describing import common
from minikube8s.cli.describing.writer import Writer

Object = dict[str, Any]


def autoscaler(w: Writer, obj: Object, around: common.Around) -> None:
    """A HorizontalPodAutoscaler of v2 or v1."""
    spec, status = obj["spec"], obj.get("status") or {}
    target = spec.get("scaleTargetRef") or {}
    common.head(w, obj)
    common.labels(w, obj)
    common.created(w, obj)
    w.line(0, "Reference:", f"{target.get('kind', '')}/{target.get('name', '')}")
    old = obj.get("apiVersion") == "autoscaling/v1"
    if old:
        _utilization(w, spec, status)
    else:
        w.line(0, "Metrics:", "( current / target )")
        current = status.get("currentMetrics") or []
        for index, metric in enumerate(spec.get("metrics") or ()):
            _metric(w, metric, current[index] if index < len(current) else {})
    least = spec.get("minReplicas")
    w.line(0, "Min replicas:", common.UNSET if least is None else least)
    w.line(0, "Max replicas:", spec.get("maxReplicas", 0))
    if not old and spec.get("behavior") is not None:
        w.line(0, "Behavior:")
        _direction(w, "Scale Up", spec["behavior"].get("scaleUp"))
        _direction(w, "Scale Down", spec["behavior"].get("scaleDown"))
    counts = (
        f"{status.get('currentReplicas', 0)} current / {status.get('desiredReplicas', 0)} desired"
    )
    w.line(0, f"{target.get('kind', '')} pods:", counts)
    if not old:
        common.conditions(w, status.get("conditions"), "Type", "Status", "Reason", "Message")
    common.events(w, around)


def budget(w: Writer, obj: Object, around: common.Around) -> None:
    """A PodDisruptionBudget and what it allows now."""
    spec, status = obj.get("spec") or {}, obj.get("status") or {}
    common.head(w, obj)
    if spec.get("minAvailable") is not None:
        w.line(0, "Min available:", spec["minAvailable"])
    elif spec.get("maxUnavailable") is not None:
        w.line(0, "Max unavailable:", spec["maxUnavailable"])
    chosen = spec.get("selector")
    text = common.UNSET if chosen is None else common.selector(chosen) or common.NONE
    w.line(0, "Selector:", text)
    w.line(0, "Status:")
    for label, field in (
        ("Allowed disruptions:", "disruptionsAllowed"),
        ("Current:", "currentHealthy"),
        ("Desired:", "desiredHealthy"),
        ("Total:", "expectedPods"),
    ):
        w.line(2, label, status.get(field, 0))
    common.events(w, around)


def _utilization(w: Writer, spec: Object, status: Object) -> None:
    wanted = spec.get("targetCPUUtilizationPercentage")
    if wanted is not None:
        w.line(0, "Target CPU utilization:", f"{wanted}%")
        current = status.get("currentCPUUtilizationPercentage")
        w.line(0, "Current CPU utilization:", f"{common.UNKNOWN if current is None else current}%")


def _metric(w: Writer, metric: Object, measured: Object) -> None:
    kind = metric.get("type", "")
    field = kind[:1].lower() + kind[1:]
    facts = metric.get(field)
    if kind not in {"External", "Pods", "Object", "Resource", "ContainerResource"} or not facts:
        w.line(1, f'<unknown metric type "{kind}">')
        return
    target = facts.get("target") or {}
    current = (measured.get(field) or {}).get("current") if measured.get(field) else None
    name = (facts.get("metric") or facts).get("name", "")
    if kind == "External":
        side = "averageValue" if target.get("averageValue") is not None else "value"
        words = "average value" if side == "averageValue" else "value"
        w.line(1, f'"{name}" (target {words}):', _values(current, target, side))
    elif kind == "Pods":
        w.line(1, f'"{name}" on pods:', _values(current, target, "averageValue"))
    elif kind == "Object":
        side = "averageValue" if target.get("type") == "AverageValue" else "value"
        words = "average value" if side == "averageValue" else "value"
        on = facts["describedObject"]
        label = f'"{name}" on {on["kind"]}/{on["name"]} (target {words}):'
        w.line(1, label, _values(current, target, side))
    else:
        where = f' of container "{facts.get("container", "")}"' if field.startswith("con") else ""
        label = f"resource {name}{where} on pods"
        if target.get("averageValue") is not None:
            w.line(1, f"{label}:", _values(current, target, "averageValue"))
        else:
            shares = _shares(current, target)
            w.line(1, f"{label}  (as a percentage of request):", shares)


def _values(current: Object | None, target: Object, side: str) -> str:
    value = (current or {}).get(side)
    shown = common.UNKNOWN if value is None else canonical(value)
    return f"{shown} / {canonical(target.get(side, 0))}"


def _shares(current: Object | None, target: Object) -> str:
    share = (current or {}).get("averageUtilization")
    shown = common.UNKNOWN
    if share is not None:
        shown = f"{share}% ({canonical((current or {}).get('averageValue', 0))})"
    wanted = target.get("averageUtilization")
    return f"{shown} / {'<auto>' if wanted is None else f'{wanted}%'}"


def _direction(w: Writer, title: str, rules: Object | None) -> None:
    if rules is None:
        return
    w.line(1, f"{title}:")
    seconds = rules.get("stabilizationWindowSeconds")
    if seconds is not None:
        w.line(2, f"Stabilization Window: {seconds} seconds")
    if rules.get("policies"):
        w.line(2, f"Select Policy: {rules.get('selectPolicy') or 'Max'}")
        w.line(2, "Policies:")
        for one in rules["policies"]:
            cells = f"- Type: {one['type']}", f"Value: {one['value']}"
            w.line(3, *cells, f"Period: {one['periodSeconds']} seconds")
