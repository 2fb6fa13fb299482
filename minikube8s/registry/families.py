"""Which families of addresses a Service has. Pure.

As in Kubernetes: who says nothing gets the cluster's first family; who prefers or requires both
gets the other one, too, where the cluster has it. A second address comes and goes with the policy,
the first one stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from minikube8s.api.errors import Cause, invalid_value
from minikube8s.registry.services import HEADLESS

Object = dict[str, Any]

IPV4, IPV6 = "IPv4", "IPv6"
_BOTH = (IPV4, IPV6)


def family_of(address: str) -> str:
    """Return the family of an address or a range."""
    return IPV6 if ":" in address else IPV4


def settle(new: Object, old: Object | None, cluster: Sequence[str]) -> None:
    """Fill policy and families of `new`, whose type is known; `cluster` are those that it may have,
    the default one first.
    """
    spec = new["spec"]
    if spec.get("type") == "ExternalName":
        return
    if old is not None:
        _give_back(spec, old.get("spec", {}))
    addresses = [one for one in spec.get("clusterIPs") or () if one != HEADLESS]
    families: list[str] = list(spec.get("ipFamilies") or ())
    several = len(addresses) > 1 or len(families) > 1
    if not spec.get("ipFamilyPolicy"):
        anything = _is_unselected(spec) and len(cluster) > 1
        spec["ipFamilyPolicy"] = "RequireDualStack" if several or anything else "SingleStack"
    families += [family_of(one) for one in addresses[len(families) :]]
    families = families or [cluster[0]]
    if spec["ipFamilyPolicy"] != "SingleStack" and len(families) == 1 and len(cluster) > 1:
        families += [one for one in _BOTH if one not in families]
    spec["ipFamilies"] = families


def problems(service: Object, cluster: Sequence[str]) -> list[Cause]:
    """Return what the Service asks for and the cluster has not."""
    spec = service["spec"]
    policy, causes = spec.get("ipFamilyPolicy"), []
    if policy == "RequireDualStack" and len(cluster) < 2:
        why = "this cluster is not configured for dual-stack services"
        causes.append(invalid_value("spec.ipFamilyPolicy", policy, why))
    for position, family in enumerate(spec.get("ipFamilies") or ()):
        if family in _BOTH and family not in cluster:
            field = f"spec.ipFamilies[{position}]"
            causes.append(invalid_value(field, family, "not configured on this cluster"))
    return causes


def _is_unselected(spec: Object) -> bool:
    """Tell whether the Service is headless and somebody else makes its endpoints."""
    return spec.get("clusterIP") == HEADLESS and not spec.get("selector")


def _give_back(spec: Object, before: Object) -> None:
    """Take away the second family of a Service that shall have one and repeats what it had."""
    if spec.get("ipFamilyPolicy") != "SingleStack" or len(before.get("ipFamilies") or ()) < 2:
        return
    for field in ("clusterIPs", "ipFamilies"):
        if spec.get(field) == before.get(field):
            spec[field] = spec[field][:1]
