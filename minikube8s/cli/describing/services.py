"""How Services, what they lead to, and Ingresses are described."""

from __future__ import annotations

from typing import Any

from minikube8s.cli.describing import common
from minikube8s.cli.describing.writer import Writer

Object = dict[str, Any]
_SHOWN = 3
"""How many endpoints of a port are shown."""


def service(w: Writer, obj: Object, around: common.Around) -> None:
    """A Service; ``slices`` are its EndpointSlices."""
    spec = obj["spec"]
    common.head(w, obj)
    common.labels(w, obj)
    w.line(0, "Selector:", common.joined(spec.get("selector")))
    w.line(0, "Type:", spec.get("type", ""))
    if spec.get("ipFamilyPolicy"):
        w.line(0, "IP Family Policy:", spec["ipFamilyPolicy"])
    w.line(0, "IP Families:", ",".join(spec.get("ipFamilies") or ()) or common.NONE)
    w.line(0, "IP:", spec.get("clusterIP", ""))
    w.line(0, "IPs:", ",".join(spec.get("clusterIPs") or ()) or common.NONE)
    if spec.get("externalIPs"):
        w.line(0, "External IPs:", ",".join(spec["externalIPs"]))
    if spec.get("loadBalancerIP"):
        w.line(0, "Desired LoadBalancer IP:", spec["loadBalancerIP"])
    if spec.get("externalName"):
        w.line(0, "External Name:", spec["externalName"])
    balanced = ((obj.get("status") or {}).get("loadBalancer") or {}).get("ingress") or ()
    if balanced:
        w.line(0, "LoadBalancer Ingress:", ", ".join(map(_balancer, balanced)))
    for port in spec.get("ports") or ():
        _port(w, port, around.related.get("slices") or [])
    w.line(0, "Session Affinity:", spec.get("sessionAffinity", ""))
    for label, field in (
        ("External Traffic Policy:", "externalTrafficPolicy"),
        ("Internal Traffic Policy:", "internalTrafficPolicy"),
        ("HealthCheck NodePort:", "healthCheckNodePort"),
    ):
        if spec.get(field):
            w.line(0, label, spec[field])
    if spec.get("loadBalancerSourceRanges"):
        w.line(0, "LoadBalancer Source Ranges:", ",".join(spec["loadBalancerSourceRanges"]))
    common.events(w, around)


def endpoints(w: Writer, obj: Object, around: common.Around) -> None:
    """Endpoints, subset by subset."""
    common.head(w, obj)
    common.labels(w, obj)
    w.line(0, "Subsets:")
    for subset in obj.get("subsets") or ():
        for label, field in (
            ("Addresses:", "addresses"),
            ("NotReadyAddresses:", "notReadyAddresses"),
        ):
            shown = ",".join(address["ip"] for address in subset.get(field) or ())
            w.line(1, label, shown or common.NONE)
        if subset.get("ports"):
            w.line(1, "Ports:")
            rows = [
                (port.get("name") or common.UNSET, port["port"], port.get("protocol", "TCP"))
                for port in subset["ports"]
            ]
            w.table(2, ("Name", "Port", "Protocol"), rows)
        w.line(0)
    common.events(w, around)


def endpoint_slice(w: Writer, obj: Object, around: common.Around) -> None:
    """An EndpointSlice, endpoint by endpoint."""
    common.head(w, obj)
    common.labels(w, obj)
    w.line(0, "AddressType:", obj.get("addressType", ""))
    ports = obj.get("ports") or ()
    w.line(0, "Ports:" if ports else f"Ports: {common.UNSET}")
    if ports:
        rows = [
            (
                _unset(port.get("name") or None),
                _unset(port.get("port")),
                port.get("protocol", "TCP"),
            )
            for port in ports
        ]
        w.table(1, ("Name", "Port", "Protocol"), rows)
    found = obj.get("endpoints") or ()
    w.line(0, "Endpoints:" if found else f"Endpoints: {common.NONE}")
    for endpoint in found:
        w.line(1, "- Addresses:", ", ".join(endpoint.get("addresses") or ()) or common.NONE)
        w.line(2, "Conditions:")
        ready = (endpoint.get("conditions") or {}).get("ready")
        w.line(3, "Ready:", common.UNSET if ready is None else common.go(ready))
        w.line(2, "Hostname:", _unset(endpoint.get("hostname")))
        target = endpoint.get("targetRef")
        if target:
            w.line(2, "TargetRef:", f"{target.get('kind', '')}/{target.get('name', '')}")
        w.line(2, "NodeName:", _unset(endpoint.get("nodeName")))
        w.line(2, "Zone:", _unset(endpoint.get("zone")))
    common.events(w, around)


def ingress(w: Writer, obj: Object, around: common.Around) -> None:
    """An Ingress. ``services``: what its backends name, or the sentence why one is not shown;
    ``slices``: the EndpointSlices of its namespace.
    """
    spec = obj.get("spec") or {}
    w.line(0, "Name:", obj["metadata"]["name"])
    w.several(0, "Labels", common.pairs(obj["metadata"].get("labels")))
    w.line(0, "Namespace:", obj["metadata"].get("namespace", ""))
    balanced = ((obj.get("status") or {}).get("loadBalancer") or {}).get("ingress") or ()
    addresses = {one.get("ip") or one.get("hostname") or "" for one in balanced} - {""}
    w.line(0, "Address:", ",".join(sorted(addresses)))
    w.line(0, "Ingress Class:", spec.get("ingressClassName") or common.NONE)
    default = spec.get("defaultBackend")
    shown = _backend(default, around) if default else "<default>"
    w.line(0, "Default backend:", shown)
    if spec.get("tls"):
        w.line(0, "TLS:")
    for one in spec.get("tls") or ():
        hosts, secret = ",".join(one.get("hosts") or ()), one.get("secretName")
        w.line(1, f"{secret} terminates {hosts}" if secret else f"SNI routes {hosts}")
    w.line(0, "Rules:")
    w.table(1, ("Host", "Path", "Backends"), ())
    rules = [rule for rule in spec.get("rules") or () if rule.get("http")]
    for rule in rules:
        w.line(1, rule.get("host") or "*", "")
        for path in rule["http"].get("paths") or ():
            w.line(2, "", f"{path.get('path', '')} ", _backend(path["backend"], around))
    if not rules:
        w.line(1, "*", "*", shown)
    common.notes(w, obj)
    common.events(w, around)


def ingress_class(w: Writer, obj: Object, around: common.Around) -> None:
    """An IngressClass with its parameters."""
    spec = obj.get("spec") or {}
    common.head(w, obj, namespace=False)
    common.labels(w, obj)
    w.line(0, "Controller:", spec.get("controller", ""))
    parameters = spec.get("parameters")
    if parameters:
        w.line(0, "Parameters:")
        for label, field in (("APIGroup:", "apiGroup"), ("Kind:", "kind"), ("Name:", "name")):
            if parameters.get(field) is not None:
                w.line(1, label, parameters[field])
    common.events(w, around)


def _port(w: Writer, port: Object, slices: list[Object]) -> None:
    name, protocol = port.get("name") or common.UNSET, port.get("protocol", "TCP")
    w.line(0, "Port:", name, f"{port['port']}/{protocol}")
    w.line(0, "TargetPort:", f"{port.get('targetPort', port['port'])}/{protocol}")
    if port.get("nodePort"):
        w.line(0, "NodePort:", name, f"{port['nodePort']}/{protocol}")
    w.line(0, "Endpoints:", _endpoints(slices, port.get("name") or ""))


def _endpoints(slices: list[Object], name: str) -> str:
    if not slices:
        return common.NONE
    found = []
    for one in slices:
        ports: list[Object | None] = [
            port for port in one.get("ports") or () if (port.get("name") or "") == name
        ]
        for port in ports if one.get("ports") else [None]:
            for endpoint in one.get("endpoints") or ():
                if (endpoint.get("conditions") or {}).get("ready") is not False:
                    found.append(_address(endpoint["addresses"][0], port))
    more = f" + {len(found) - _SHOWN} more..." if len(found) > _SHOWN else ""
    return ",".join(found[:_SHOWN]) + more


def _address(address: str, port: Object | None) -> str:
    if port is None:
        return address
    return f"[{address}]:{port['port']}" if ":" in address else f"{address}:{port['port']}"


def _balancer(one: Object) -> str:
    mode = f" ({one['ipMode']})" if one.get("ipMode") else ""
    return f"{one['ip']}{mode}" if one.get("ip") else str(one.get("hostname", ""))


def _backend(backend: Object, around: common.Around) -> str:
    resource = backend.get("resource")
    if resource:
        group = resource.get("apiGroup") or common.NONE
        return f"APIGroup: {group}, Kind: {resource['kind']}, Name: {resource['name']}"
    named = backend.get("service")
    if not named:
        return ""
    name, wanted = named["name"], named.get("port") or {}
    text = f"{name}:{wanted.get('number') or wanted.get('name', '')}"
    known = around.related.get("services") or {}
    found = known.get(name)
    if not isinstance(found, dict):
        return f"{text} (<error: {found}>)"
    ports = [
        port.get("name") or ""
        for port in found["spec"].get("ports") or ()
        if (wanted.get("number") and wanted["number"] == port["port"])
        or (wanted.get("name") and wanted["name"] == port.get("name"))
    ]
    slices = [
        one
        for one in around.related.get("slices") or ()
        if (one["metadata"].get("labels") or {}).get("kubernetes.io/service-name") == name
    ]
    return f"{text} ({_endpoints(slices, ports[-1] if ports else '')})"


def _unset(value: object) -> object:
    return common.UNSET if value is None else value
