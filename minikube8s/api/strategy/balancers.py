"""What of Services only those of type LoadBalancer have."""

from __future__ import annotations

import ipaddress

from minikube8s.api import names
from minikube8s.api.errors import Cause, forbidden_field, invalid_value, required
from minikube8s.api.strategy.checks.common import Obj, address, named, one_of, range_of

_BALANCED = "may only be used when `type` is 'LoadBalancer'"
_OLD_RANGES = "service.beta.kubernetes.io/load-balancer-source-ranges"
"""The annotation that held source ranges before there was a field for them."""
_FIELDS = {
    "loadBalancerSourceRanges": "LoadBalancerSourceRanges",
    "allocateLoadBalancerNodePorts": "allocateLoadBalancerNodePorts",
    "loadBalancerClass": "loadBalancerClass",
}


def check_spec(obj: Obj) -> list[Cause]:
    """Check the fields and the annotation of load balancers."""
    spec = obj["spec"]
    balanced = spec.get("type") == "LoadBalancer"
    causes = [
        forbidden_field(f"spec.{shown}", _BALANCED)
        for name, shown in _FIELDS.items()
        if not balanced and spec.get(name) not in (None, [], "")
    ]
    ranges = spec.get("loadBalancerSourceRanges") or ()
    for position, cidr in enumerate(ranges):
        causes += range_of(f"spec.LoadBalancerSourceRanges[{position}]", cidr.strip())
    if not ranges:
        causes += _old_ranges(obj, balanced=balanced)
    if spec.get("loadBalancerClass"):
        name = spec["loadBalancerClass"]
        causes += named("spec.loadBalancerClass", name, names.qualified_name)
    return causes


def check_status(obj: Obj) -> list[Cause]:
    """Check where the Service says that it is reached."""
    field = "status.loadBalancer.ingress"
    ingress = ((obj.get("status") or {}).get("loadBalancer") or {}).get("ingress") or ()
    if ingress and obj["spec"].get("type") != "LoadBalancer":
        return [forbidden_field(field, 'may only be used when `spec.type` is "LoadBalancer"')]
    return [cause for at, one in enumerate(ingress) for cause in _ingress(f"{field}[{at}]", one)]


def wipe_status(obj: Obj) -> None:
    """Take the status from a Service that is none of load balancers, in place."""
    if obj["spec"].get("type") != "LoadBalancer" and obj.get("status"):
        obj["status"] = {**obj["status"], "loadBalancer": {}}


def _old_ranges(obj: Obj, *, balanced: bool) -> list[Cause]:
    text = (obj["metadata"].get("annotations") or {}).get(_OLD_RANGES)
    if text is None:
        return []
    field = f"metadata.annotations[{_OLD_RANGES}]"
    causes = [] if balanced else [forbidden_field(field, _BALANCED)]
    for cidr in text.strip().split(",") if text.strip() else ():
        causes += range_of(field, cidr.strip())
    return causes


def _ingress(field: str, one: Obj) -> list[Cause]:
    ip, mode, hostname = one.get("ip"), one.get("ipMode"), one.get("hostname")
    causes = address(f"{field}.ip", ip) if ip else []
    if ip and mode is None:
        causes.append(required(f"{field}.ipMode", "must be specified when `ip` is set"))
    elif mode is not None and not ip:
        why = "may not be specified when `ip` is not set"
        causes.append(forbidden_field(f"{field}.ipMode", why))
    elif mode is not None:
        causes += one_of(f"{field}.ipMode", mode, ("Proxy", "VIP"))
    if hostname:
        causes += named(f"{field}.hostname", hostname, names.dns1123_subdomain)
        if _is_address(hostname):
            why = "must be a DNS name, not an IP address"
            causes.append(invalid_value(f"{field}.hostname", hostname, why))
    return causes


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
