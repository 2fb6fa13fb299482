"""Defaults of the networking group."""

from __future__ import annotations

from typing import Any

from minikube8s.api.defaults.fill import fill


def ingress_class(obj: dict[str, Any]) -> None:
    """Fill an IngressClass."""
    parameters = (obj.get("spec") or {}).get("parameters")
    if parameters is not None:
        fill(parameters, scope="Cluster")


def network_policy(obj: dict[str, Any]) -> None:
    """Fill a NetworkPolicy: it is about ingress, and about egress where it has rules for it."""
    spec = obj.setdefault("spec", {})
    spec.setdefault("podSelector", {})
    for direction in ("ingress", "egress"):
        for rule in spec.get(direction) or ():
            for port in rule.get("ports") or ():
                fill(port, protocol="TCP")
    if not spec.get("policyTypes"):
        spec["policyTypes"] = ["Ingress", "Egress"] if spec.get("egress") else ["Ingress"]
