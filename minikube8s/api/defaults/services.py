"""Defaults of Services and their endpoints."""

from __future__ import annotations

from typing import Any

from minikube8s.api.defaults.fill import fill

_AFFINITY_SECONDS = 10800


def service(obj: dict[str, Any]) -> None:
    """Fill a Service. Addresses, their families and node ports are allocated, not defaulted."""
    spec = obj.setdefault("spec", {})
    fill(spec, type="ClusterIP", sessionAffinity="None")
    _session_affinity(spec)
    for port in spec.get("ports") or ():
        fill(port, protocol="TCP")
        if port.get("targetPort") in (None, 0, ""):
            port["targetPort"] = port.get("port", 0)
    if spec["type"] in ("NodePort", "LoadBalancer") or (
        spec["type"] == "ClusterIP" and spec.get("externalIPs")
    ):
        fill(spec, externalTrafficPolicy="Cluster")
    if spec["type"] != "ExternalName":
        fill(spec, internalTrafficPolicy="Cluster")
    balancer = obj.setdefault("status", {}).setdefault("loadBalancer", {})
    if spec["type"] == "LoadBalancer":
        fill(spec, allocateLoadBalancerNodePorts=True)
        for ingress in balancer.get("ingress") or ():
            if ingress.get("ip"):
                fill(ingress, ipMode="VIP")


def _session_affinity(spec: dict[str, Any]) -> None:
    if spec["sessionAffinity"] == "None":
        spec.pop("sessionAffinityConfig", None)
    elif spec["sessionAffinity"] == "ClientIP":
        config = spec.setdefault("sessionAffinityConfig", {})
        fill(config.setdefault("clientIP", {}), timeoutSeconds=_AFFINITY_SECONDS)


def endpoints(obj: dict[str, Any]) -> None:
    """Fill an Endpoints object."""
    for subset in obj.get("subsets") or ():
        for port in subset.get("ports") or ():
            fill(port, protocol="TCP")


def endpoint_slice(obj: dict[str, Any]) -> None:
    """Fill an EndpointSlice."""
    for port in obj.get("ports") or ():
        port.setdefault("name", "")
        fill(port, protocol="TCP")
