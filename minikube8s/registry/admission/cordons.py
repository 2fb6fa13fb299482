"""A node that takes no new pods says so by a taint, too, which some pods tolerate.

Kubernetes' node life cycle controller writes it a moment later; here both are one write.
"""

from __future__ import annotations

from minikube8s.registry.admission.request import Cluster, Request

KEY = "node.kubernetes.io/unschedulable"
_TAINT = {"key": KEY, "effect": "NoSchedule"}


def admit(request: Request, cluster: Cluster) -> None:
    """Give a cordoned node the taint, and take it from any other."""
    spec = request.object.get("spec") or {}
    taints = spec.get("taints") or []
    others = [one for one in taints if (one.get("key"), one.get("effect")) != (KEY, "NoSchedule")]
    cordoned, marked = bool(spec.get("unschedulable")), len(others) < len(taints)
    if cordoned and not marked:
        spec["taints"] = [*taints, dict(_TAINT)]
    elif marked and not cordoned:
        spec.pop("taints")
        if others:
            spec["taints"] = others
