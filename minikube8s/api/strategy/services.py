"""Services: addresses that stay, ports that are told apart, rules per type.

Allocating addresses and node ports, and carrying them over to updates, is not done here.
"""

from __future__ import annotations

from minikube8s.api import names
from minikube8s.api.errors import (
    Cause,
    duplicate,
    forbidden_field,
    invalid_value,
    required,
)
from minikube8s.api.strategy import balancers
from minikube8s.api.strategy.checks.common import (
    PROTOCOLS,
    Obj,
    address,
    labels,
    named,
    one_of,
    optional_one_of,
    ordinary_address,
    port,
    port_or_name,
)
from minikube8s.api.strategy.model import Strategy

TYPES = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")
_ON_NODES = ("NodePort", "LoadBalancer")
_POLICIES = ("Cluster", "Local")
_DISTRIBUTIONS = ("PreferClose", "PreferSameNode", "PreferSameZone")
_DAY = 86400


class ServiceStrategy(Strategy):
    """Hooks of Services."""

    def check_name(self, name: str) -> list[str]:
        """Return what is wrong with a name that becomes a DNS label starting with a letter."""
        return names.dns1035_label(name)

    def prepare_create(self, obj: Obj) -> None:
        """A new Service has no load balancer yet."""
        super().prepare_create(obj)
        obj["status"] = {"loadBalancer": {}}

    def validate(self, obj: Obj) -> list[Cause]:
        """Check metadata and spec."""
        spec = obj["spec"]
        causes = super().validate(obj)
        causes += one_of("spec.type", spec.get("type"), TYPES)
        causes += _ports(spec)
        causes += _addresses(spec)
        causes += labels("spec.selector", spec.get("selector"))
        causes += _affinity(spec)
        causes += _traffic(spec)
        causes += _families(spec)
        return [*causes, *balancers.check_spec(obj), *balancers.check_status(obj)]

    def prepare_spec(self, new: Obj, old: Obj, subresource: str) -> None:
        """What is no load balancer any more is reached nowhere."""
        balancers.wipe_status(new)

    def validate_update(self, new: Obj, old: Obj, subresource: str = "") -> list[Cause]:
        """Keep the cluster address unless the type loses or gains it."""
        causes = super().validate_update(new, old, subresource)
        spec, before = new["spec"], old["spec"]
        if spec.get("type") == before.get("type") == "LoadBalancer":
            kind = spec.get("loadBalancerClass")
            if kind != before.get("loadBalancerClass"):
                why = "may not change once set"
                causes.append(invalid_value("spec.loadBalancerClass", kind, why))
        if "ExternalName" in (spec.get("type"), before.get("type")):
            return causes
        if before.get("clusterIP") and spec.get("clusterIP") != before["clusterIP"]:
            why = "may not change once set"
            causes.append(invalid_value("spec.clusterIPs[0]", spec.get("clusterIPs") or [], why))
        return causes + _kept_families(spec, before)


def _port_key(one: Obj) -> tuple[str, int]:
    return one.get("protocol") or "TCP", one.get("port", 0)


def _ports(spec: Obj) -> list[Cause]:
    ports = spec.get("ports") or []
    portless = spec.get("type") == "ExternalName" or spec.get("clusterIP") == "None"
    causes = [] if ports or portless else [required("spec.ports")]
    taken: set[str] = set()
    pairs: set[tuple[str, int]] = set()
    node_ports: set[tuple[str, int]] = set()
    for position, one in enumerate(ports):
        field = f"spec.ports[{position}]"
        name = one.get("name")
        if name:
            causes += named(f"{field}.name", name, names.dns1123_label)
            if name in taken:
                causes.append(duplicate(f"{field}.name", name))
            taken.add(name)
        elif len(ports) > 1:
            causes.append(required(f"{field}.name"))
        causes += port(f"{field}.port", one.get("port", 0))
        causes += one_of(f"{field}.protocol", one.get("protocol"), PROTOCOLS)
        causes += port_or_name(f"{field}.targetPort", one.get("targetPort", 0))
        if one.get("appProtocol") is not None:
            causes += named(f"{field}.appProtocol", one["appProtocol"], names.qualified_name)
        key = _port_key(one)
        if key in pairs:
            causes.append(duplicate(field, {"protocol": key[0], "port": key[1]}))
        pairs.add(key)
        causes += _node_port(field, one, spec.get("type") or "", node_ports)
    return causes


def _node_port(field: str, one: Obj, type_: str, taken: set[tuple[str, int]]) -> list[Cause]:
    number = one.get("nodePort")
    if not number:
        return []
    if type_ not in _ON_NODES:
        why = f"may not be used when `type` is '{type_}'"
        return [forbidden_field(f"{field}.nodePort", why)]
    key = (one.get("protocol") or "TCP", number)
    if key in taken:
        return [duplicate(f"{field}.nodePort", number)]
    taken.add(key)
    return port(f"{field}.nodePort", number)


def _addresses(spec: Obj) -> list[Cause]:
    type_, cluster = spec.get("type"), spec.get("clusterIPs") or []
    causes: list[Cause] = []
    if type_ == "ExternalName":
        if cluster:
            why = "may not be set for ExternalName services"
            causes.append(forbidden_field("spec.clusterIPs", why))
        name = spec.get("externalName") or ""
        if not name:
            causes.append(required("spec.externalName"))
        else:
            causes += named("spec.externalName", name.removesuffix("."), names.dns1123_subdomain)
    elif cluster[:1] == ["None"]:
        if type_ in _ON_NODES:
            why = f"may not be set to 'None' for {type_} services"
            causes.append(invalid_value("spec.clusterIPs[0]", "None", why))
    else:
        for position, one in enumerate(cluster):
            causes += address(f"spec.clusterIPs[{position}]", one)
    if cluster and spec.get("clusterIP") != cluster[0]:
        causes.append(
            invalid_value("spec.clusterIPs", cluster, "first value must match `clusterIP`")
        )
    for position, one in enumerate(spec.get("externalIPs") or ()):
        field = f"spec.externalIPs[{position}]"
        causes += ordinary_address(field, one)
    return causes


def _affinity(spec: Obj) -> list[Cause]:
    causes = one_of("spec.sessionAffinity", spec.get("sessionAffinity"), ("ClientIP", "None"))
    config = spec.get("sessionAffinityConfig")
    if config is not None and spec.get("sessionAffinity") == "None":
        why = "must not be set when session affinity is None"
        causes.append(forbidden_field("spec.sessionAffinityConfig", why))
    seconds = ((config or {}).get("clientIP") or {}).get("timeoutSeconds")
    if seconds is not None and not 0 < seconds <= _DAY:
        field = "spec.sessionAffinityConfig.clientIP.timeoutSeconds"
        why = f"must be greater than 0 and less than {_DAY}"
        causes.append(invalid_value(field, seconds, why))
    return causes


def _traffic(spec: Obj) -> list[Cause]:
    external = spec.get("externalTrafficPolicy")
    causes = optional_one_of("spec.externalTrafficPolicy", external, _POLICIES)
    reachable = spec.get("type") in _ON_NODES or spec.get("externalIPs")
    if external and not causes and not reachable:
        why = "may only be set for externally-accessible services"
        causes.append(invalid_value("spec.externalTrafficPolicy", external, why))
    internal = spec.get("internalTrafficPolicy")
    causes += optional_one_of("spec.internalTrafficPolicy", internal, _POLICIES)
    spread = spec.get("trafficDistribution")
    causes += optional_one_of("spec.trafficDistribution", spread, _DISTRIBUTIONS)
    checked = spec.get("type") == "LoadBalancer" and external == "Local"
    number = spec.get("healthCheckNodePort")
    if number and not checked:
        why = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'"
        causes.append(invalid_value("spec.healthCheckNodePort", number, why))
    elif number:
        causes += port("spec.healthCheckNodePort", number)
    return causes


def _families(spec: Obj) -> list[Cause]:
    policy, cluster = spec.get("ipFamilyPolicy"), spec.get("clusterIPs") or []
    causes = optional_one_of(
        "spec.ipFamilyPolicy", policy, ("PreferDualStack", "RequireDualStack", "SingleStack")
    )
    found: list[str] = spec.get("ipFamilies") or []
    for position, family in enumerate(found):
        field = f"spec.ipFamilies[{position}]"
        causes += one_of(field, family, ("IPv4", "IPv6"))
        if family in found[:position]:
            causes.append(duplicate(field, family))
    if len(cluster) > 2:
        causes.append(invalid_value("spec.clusterIPs", cluster, "may only hold up to 2 values"))
    if len(cluster) == 2 and (":" in cluster[0]) == (":" in cluster[1]):
        why = "may specify no more than one IP for each IP family"
        causes.append(invalid_value("spec.clusterIPs", cluster, why))
    for position, (one, family) in enumerate(zip(cluster, found, strict=False)):
        if one != "None" and (":" in one) != (family == "IPv6"):
            why = f"expected an {family} value as indicated by `ipFamilies[{position}]`"
            causes.append(invalid_value(f"spec.clusterIPs[{position}]", one, why))
    if policy == "SingleStack":
        for field, values in (("IP families", found), ("cluster IPs", cluster)):
            if len(values) > 1:
                why = (
                    "must be 'RequireDualStack' or 'PreferDualStack' when multiple"
                    f" {field} are specified"
                )
                causes.append(invalid_value("spec.ipFamilyPolicy", policy, why))
    return causes


def _kept_families(spec: Obj, before: Obj) -> list[Cause]:
    """Check that the primary family stays, and how a secondary address is given up."""
    headless = "None" in (spec.get("clusterIP"), before.get("clusterIP"))
    had, has = before.get("clusterIPs") or [], spec.get("clusterIPs") or []
    causes = []
    if not headless and (before.get("ipFamilies") or [])[:1] != (spec.get("ipFamilies") or [])[:1]:
        why = "may not change once set"
        causes.append(invalid_value("spec.ipFamilies[0]", spec.get("ipFamilies") or [], why))
    policy = spec.get("ipFamilyPolicy")
    if len(had) > len(has) == 1 and policy != "SingleStack":
        why = "must be set to 'SingleStack' when releasing the secondary clusterIP"
        causes.append(invalid_value("spec.ipFamilyPolicy", policy, why))
    if len(had) == len(has) == 2 and had[1] != has[1]:
        causes.append(invalid_value("spec.clusterIPs[1]", has, "may not change once set"))
    return causes
