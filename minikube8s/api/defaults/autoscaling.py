"""Defaults of autoscalers."""

from __future__ import annotations

from typing import Any

from minikube8s.api.defaults.fill import fill

_CPU_SHARE = 80
_PERIOD = 15
_UP = (
    {"type": "Pods", "value": 4, "periodSeconds": _PERIOD},
    {"type": "Percent", "value": 100, "periodSeconds": _PERIOD},
)
_DOWN = ({"type": "Percent", "value": 100, "periodSeconds": _PERIOD},)


def horizontal_pod_autoscaler(obj: dict[str, Any]) -> None:
    """Fill a HorizontalPodAutoscaler; without a metric it looks at the CPU."""
    spec = obj.setdefault("spec", {})
    fill(spec, minReplicas=1)
    if not spec.get("metrics"):
        target = {"type": "Utilization", "averageUtilization": _CPU_SHARE}
        spec["metrics"] = [{"type": "Resource", "resource": {"name": "cpu", "target": target}}]
    behavior = spec.get("behavior")
    if behavior is not None:
        up = behavior.setdefault("scaleUp", {})
        fill(up, stabilizationWindowSeconds=0)
        _rules(up, _UP)
        _rules(behavior.setdefault("scaleDown", {}), _DOWN)


def _rules(rules: dict[str, Any], policies: tuple[dict[str, Any], ...]) -> None:
    fill(rules, selectPolicy="Max")
    if rules.get("policies") is None:
        rules["policies"] = [dict(policy) for policy in policies]
